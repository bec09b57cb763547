"""tags, notes and archive of experiments; saved views; deliveries to a webhook"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('experiments', sa.Column('tags', sa.ARRAY(sa.Text()), server_default='{}', nullable=False))
    op.add_column('experiments', sa.Column('notes', sa.Text(), server_default='', nullable=False))
    op.add_column('experiments', sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_experiments_tags', 'experiments', ['tags'], postgresql_using='gin')
    op.create_table('saved_views',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('query', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_views'))
    )
    op.create_index('ix_saved_views_name', 'saved_views', [sa.text('lower(name)')], unique=True)
    op.create_table('deliveries',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.CheckConstraint("kind in ('experiment','comparison')", name=op.f('ck_deliveries_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deliveries')),
    sa.UniqueConstraint('subject_id', 'ended_at', name=op.f('uq_deliveries_subject_id_ended_at'))
    )
    op.create_index('ix_deliveries_next_attempt_at', 'deliveries', ['next_attempt_at'])


def downgrade() -> None:
    op.drop_table('deliveries')
    op.drop_table('saved_views')
    op.drop_index('ix_experiments_tags', table_name='experiments')
    op.drop_column('experiments', 'archived_at')
    op.drop_column('experiments', 'notes')
    op.drop_column('experiments', 'tags')
