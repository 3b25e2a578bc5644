"""What really came after a request, and how each answer fared."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    identity = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "outcomes",
        sa.Column("id", identity, primary_key=True),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("known", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "scores",
        sa.Column("id", identity, primary_key=True),
        sa.Column("model", name, primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True),
        sa.Column("task", sa.Text),
        sa.Column("error", sa.Double, nullable=False),
        sa.Column("scale", sa.Double),
        sa.Column("rule", sa.Text),
        sa.Column("rule_error", sa.Double),
        sa.Column("inside_80", sa.Integer),
        sa.Column("inside_90", sa.Integer),
        sa.Column("inside_95", sa.Integer),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("scores")
    op.drop_table("outcomes")
