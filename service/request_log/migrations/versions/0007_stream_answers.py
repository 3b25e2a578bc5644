"""What was answered to the values of streams goes into a table in the order of time; the values stay by their streams."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_KEY = "time, stream, seq"
_SAME = " AND ".join(f"its.{column} = stream_values.{column}" for column in _KEY.split(", "))


def upgrade() -> None:
    op.create_table(
        "stream_answers",
        sa.Column("time", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("stream", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(f"INSERT INTO stream_answers SELECT {_KEY}, answer FROM stream_values ORDER BY {_KEY}")  # noqa: S608  (our own names)
    op.drop_column("stream_values", "answer")


def downgrade() -> None:
    op.add_column("stream_values", sa.Column("answer", sa.LargeBinary, nullable=False, server_default=""))
    op.execute(f"UPDATE stream_values SET answer = (SELECT answer FROM stream_answers AS its WHERE {_SAME})")  # noqa: S608  (as above)
    op.drop_table("stream_answers")
