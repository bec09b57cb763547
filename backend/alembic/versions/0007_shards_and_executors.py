"""shards and executors: one experiment on many workers

The lease of an experiment becomes a row of an executor. Experiments that run while this is applied go on:
their shards are made when the next executor joins.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'executors',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('experiment_id', sa.Uuid(), nullable=False),
        sa.Column('worker', sa.Text(), nullable=False),
        sa.Column('slots', sa.Integer(), nullable=False),
        sa.Column('gauges', postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column(
            'started_at',
            sa.DateTime(timezone=True),
            server_default=sa.text('clock_timestamp()'),
            nullable=False,
        ),
        sa.Column(
            'heartbeat_at',
            sa.DateTime(timezone=True),
            server_default=sa.text('clock_timestamp()'),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ['experiment_id'],
            ['experiments.id'],
            name=op.f('fk_executors_experiment_id_experiments'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_executors')),
    )
    op.create_index('ix_executors_experiment_id', 'executors', ['experiment_id'])
    op.create_table(
        'shards',
        sa.Column('experiment_id', sa.Uuid(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('start', sa.Integer(), nullable=False),
        sa.Column('stop', sa.Integer(), nullable=False),
        sa.Column('executor_id', sa.Uuid(), nullable=True),
        sa.Column('finished', sa.Boolean(), server_default=sa.text('false'), nullable=False),
        sa.Column('stored', sa.Integer(), server_default='0', nullable=False),
        sa.Column('cached', sa.Integer(), server_default='0', nullable=False),
        sa.Column('scored', sa.Integer(), server_default='0', nullable=False),
        sa.Column('correct', sa.Double(), server_default='0', nullable=False),
        sa.Column('failures', postgresql.JSONB(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ['executor_id'],
            ['executors.id'],
            name=op.f('fk_shards_executor_id_executors'),
            ondelete='SET NULL',
        ),
        sa.ForeignKeyConstraint(
            ['experiment_id'],
            ['experiments.id'],
            name=op.f('fk_shards_experiment_id_experiments'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('experiment_id', 'number', name=op.f('pk_shards')),
    )
    op.create_index(
        'ix_shards_executor_id',
        'shards',
        ['executor_id'],
        postgresql_where=sa.text('executor_id is not null'),
    )
    op.add_column('experiments', sa.Column('ending', postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column('experiments', sa.Column('worked_until', sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        'experiments', sa.Column('priority', sa.SmallInteger(), server_default='0', nullable=False)
    )
    op.drop_column('experiments', 'lease')


def downgrade() -> None:
    op.add_column('experiments', sa.Column('lease', sa.Uuid(), nullable=True))
    for column in ('priority', 'worked_until', 'ending'):
        op.drop_column('experiments', column)
    op.drop_table('shards')
    op.drop_table('executors')
