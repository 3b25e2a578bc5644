"""Alembic's migrations of the request log; ``versions`` holds them in order."""
