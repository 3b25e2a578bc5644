"""BentoML: one worker, no access log, no metrics, no tracing."""
