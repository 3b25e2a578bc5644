"""Everything that can be asked besides answers: models, the log, quality, health, metrics, the page."""
