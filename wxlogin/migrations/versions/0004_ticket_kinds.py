"""An index by which the tickets of one kind that have not ended are counted

Revision: 0004, after 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEX = "ix_ticket_kind_expires_at"


def upgrade() -> None:
    # MariaDB commits each statement by itself; a killed run is finished later.
    op.create_index(INDEX, "ticket", ["kind", "expires_at"], if_not_exists=True)


def downgrade() -> None:
    op.drop_index(INDEX, "ticket", if_exists=True)
