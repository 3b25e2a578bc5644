"""Where Alembic gets its connection: ``request_log.migrate`` hands over one that already holds a transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
