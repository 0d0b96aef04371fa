"""The groups that a site says a member is in

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLE, _COLUMN = "site_users", "groups"


def upgrade() -> None:
    # MariaDB commits each statement by itself; a killed run is finished later.
    if not _is_there():
        op.add_column(_TABLE, sa.Column(_COLUMN, sa.JSON))


def downgrade() -> None:
    if _is_there():
        op.drop_column(_TABLE, _COLUMN)


def _is_there() -> bool:
    columns = sa.inspect(op.get_bind()).get_columns(_TABLE)
    return any(column["name"] == _COLUMN for column in columns)
