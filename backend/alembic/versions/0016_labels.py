"""labels that people give to runs"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('labels',
    sa.Column('run_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('labeller', sa.Text(), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('failure', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), server_default='', nullable=False),
    sa.Column('labelled_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("verdict in ('right','wrong','unclear')", name=op.f('ck_labels_verdict')),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_labels_run_id_runs'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('run_id', 'labeller', name=op.f('pk_labels'))
    )


def downgrade() -> None:
    op.drop_table('labels')
