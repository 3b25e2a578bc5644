"""What the service tells about itself: metrics, logs and traces. Knows no HTTP, no models and no database."""
