"""The table of requests, and which models had a part in each."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    identity = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "requests",
        sa.Column("id", identity, primary_key=True),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("endpoint", name, nullable=False),
        sa.Column("task", sa.Text),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("client", sa.Text),
        sa.Column("client_request_id", sa.Text),
        sa.Column("sequences", sa.Integer, nullable=False),
        sa.Column("values", sa.Integer, nullable=False),
        sa.Column("duration_us", sa.BigInteger, nullable=False),
        sa.Column("request_bytes", sa.BigInteger, nullable=False),
        sa.Column("response_bytes", sa.BigInteger, nullable=False),
        sa.Column("request_sha256", sa.String(64)),
        sa.Column("response_sha256", sa.String(64)),
        sa.Column("request", sa.LargeBinary),
        sa.Column("response", sa.LargeBinary),
    )
    op.create_index("ix_requests_endpoint_status", "requests", ["endpoint", "status", "id", "duration_us"])
    has_client = sa.text("client IS NOT NULL")
    op.create_index(
        "ix_requests_client", "requests", ["client", "id"], sqlite_where=has_client, postgresql_where=has_client
    )
    op.create_table(
        "uses",
        sa.Column("model", name, primary_key=True),
        sa.Column("endpoint", name, primary_key=True),
        sa.Column("status", sa.Integer, primary_key=True),
        sa.Column("id", identity, primary_key=True),
        sa.Column("duration_us", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("uses")
    op.drop_table("requests")
