"""Streams: values that come one after another, the last of each with what was answered to it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "streams",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("client", name, nullable=False),
        sa.Column("name", name, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("next", sa.BigInteger, nullable=False),
        sa.Column("closed", sa.BigInteger),
        sa.Column("judged", sa.BigInteger, nullable=False),
        sa.Column("learnt", sa.LargeBinary),
    )
    op.create_index("ix_streams_client_name", "streams", ["client", "name"], unique=True)
    op.create_table(
        "stream_values",
        sa.Column("stream", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("score", sa.Double),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("stream_values")
    op.drop_table("streams")
