"""Jobs: computing calls that are answered later, with what came of them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    identity = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "jobs",
        sa.Column("id", identity, primary_key=True),
        sa.Column("client", name, nullable=False),
        sa.Column("endpoint", name, nullable=False),
        sa.Column("status", name, nullable=False),
        sa.Column("seconds", sa.Double),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("alive", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("body", sa.LargeBinary),
    )
    op.create_index("ix_jobs_status", "jobs", ["status", "id", "size"])


def downgrade() -> None:
    op.drop_table("jobs")
