"""What further workers bring on a machine with cores for all: SQLite, PostgreSQL and FastAPI's empty endpoint."""
