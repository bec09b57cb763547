"""where the time of runs went

Earlier runs keep ``null``: their stages were not measured.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('runs', sa.Column('stages', postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column('runs', 'stages')
