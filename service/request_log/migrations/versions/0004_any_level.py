"""Whether an outcome lay inside the interval of each level, of any levels: one column of JSON instead of three."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_LEVELS = (80, 90, 95)


def upgrade() -> None:
    op.add_column("scores", sa.Column("inside", sa.Text))
    told = " || ".join(f"coalesce('\"{level}\"\\:' || inside_{level} || ',', '')" for level in _LEVELS)
    op.execute(sa.text(f"UPDATE scores SET inside = '{{' || nullif(rtrim({told}, ','), '') || '}}'"))  # noqa: S608  (our own names)
    for level in _LEVELS:
        op.drop_column("scores", f"inside_{level}")


def downgrade() -> None:
    for level in _LEVELS:
        op.add_column("scores", sa.Column(f"inside_{level}", sa.Integer))
        is_told = "CASE WHEN inside LIKE '%\"{0}\"\\:1%' THEN 1 WHEN inside LIKE '%\"{0}\"\\:0%' THEN 0 END".format(level)
        op.execute(sa.text(f"UPDATE scores SET inside_{level} = {is_told}"))  # noqa: S608  (our own names)
    op.drop_column("scores", "inside")
