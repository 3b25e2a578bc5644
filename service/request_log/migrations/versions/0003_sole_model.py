"""The one model of an answer moves into the index of the requests; ``uses`` keeps those of several."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SOLE = "CASE WHEN models LIKE '% %' THEN '' ELSE models END"
_BELONGS = "SELECT 1 FROM requests WHERE requests.id = uses.id AND models LIKE '% %'"


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    # SQLite adds no stored column to a table that is there, PostgreSQL before 18 has no other.
    op.add_column("requests", sa.Column("model", name, sa.Computed(_SOLE, persisted=postgresql), nullable=False))
    op.execute(sa.text(f"DELETE FROM uses WHERE NOT EXISTS ({_BELONGS})"))  # noqa: S608  (our own names)
    op.drop_index("ix_requests_endpoint_status", "requests")
    op.create_index(
        "ix_requests_endpoint_status_model", "requests", ["endpoint", "status", "model", "id", "duration_us"]
    )


def downgrade() -> None:
    op.execute(
        sa.text(
            "INSERT INTO uses SELECT model, endpoint, status, id, duration_us FROM requests"
            " WHERE model <> '' ON CONFLICT DO NOTHING"  # a replica of the earlier release may have gone on
        )
    )
    op.drop_index("ix_requests_endpoint_status_model", "requests")
    op.create_index("ix_requests_endpoint_status", "requests", ["endpoint", "status", "id", "duration_us"])
    op.drop_column("requests", "model")
