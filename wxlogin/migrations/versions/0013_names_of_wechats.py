"""Name and picture's address of each WeChat, beside those of the account

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COLUMNS = {"nickname": 128, "avatar": 512}


def upgrade() -> None:
    # MariaDB commits each statement by itself; a killed run is finished later.
    for name in _COLUMNS.keys() - _there():
        op.add_column("identities", sa.Column(name, sa.String(_COLUMNS[name])))


def downgrade() -> None:
    for name in _COLUMNS.keys() & _there():
        op.drop_column("identities", name)


def _there() -> set[str]:
    columns = sa.inspect(op.get_bind()).get_columns("identities")
    return {column["name"] for column in columns}
