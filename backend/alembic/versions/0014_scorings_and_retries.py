"""scorings of stored runs, and retries of failed ones"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

_now = sa.text('clock_timestamp()')


def upgrade() -> None:
    op.create_table('scorings',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('experiment_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('request', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('scorers', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('dataset_id', sa.Uuid(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=True),
    sa.Column('code_version', sa.Text(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('done', sa.Integer(), server_default='0', nullable=False),
    sa.Column('total', sa.Integer(), server_default='0', nullable=False),
    sa.Column('metrics', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('changes', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=_now, nullable=False),
    sa.Column('heartbeat_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("status in ('PENDING','RUNNING','COMPLETED','FAILED')", name=op.f('ck_scorings_status')),
    sa.ForeignKeyConstraint(['dataset_id'], ['datasets.id'], name=op.f('fk_scorings_dataset_id_datasets')),
    sa.ForeignKeyConstraint(['experiment_id'], ['experiments.id'],
        name=op.f('fk_scorings_experiment_id_experiments'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scorings')),
    sa.UniqueConstraint('experiment_id', 'name', name=op.f('uq_scorings_experiment_id_name'))
    )
    op.create_table('scored_runs',
    sa.Column('scoring_id', sa.Uuid(), nullable=False),
    sa.Column('run_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('example_id', sa.BigInteger(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('parse_outcome', sa.Text(), nullable=True),
    sa.Column('parse_rule', sa.Text(), nullable=True),
    sa.Column('scores', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['example_id'], ['examples.id'], name=op.f('fk_scored_runs_example_id_examples')),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'],
        name=op.f('fk_scored_runs_run_id_runs'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['scoring_id'], ['scorings.id'],
        name=op.f('fk_scored_runs_scoring_id_scorings'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('scoring_id', 'run_id', name=op.f('pk_scored_runs'))
    )
    op.create_index('ix_scored_runs_run_id', 'scored_runs', ['run_id'])
    op.create_index('ix_scored_runs_example_id', 'scored_runs', ['example_id'])
    op.create_table('retries',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('experiment_id', sa.Uuid(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=_now, nullable=False),
    sa.Column('before', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('runs', sa.Integer(), nullable=False),
    sa.Column('answered', sa.Integer(), nullable=True),
    sa.Column('failed_again', sa.Integer(), nullable=True),
    sa.Column('put_back', sa.Integer(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['experiment_id'], ['experiments.id'],
        name=op.f('fk_retries_experiment_id_experiments'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retries'))
    )
    op.create_index('ix_retries_experiment_id', 'retries', ['experiment_id'])
    op.create_table('retried_runs',
    sa.Column('retry_id', sa.BigInteger(), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('experiment_id', sa.Uuid(), nullable=False),
    sa.Column('example_id', sa.BigInteger(), nullable=False),
    sa.Column('repeat', sa.SmallInteger(), nullable=False),
    sa.Column('run', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['example_id'], ['examples.id'], name=op.f('fk_retried_runs_example_id_examples')),
    sa.ForeignKeyConstraint(['experiment_id'], ['experiments.id'],
        name=op.f('fk_retried_runs_experiment_id_experiments'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['retry_id'], ['retries.id'],
        name=op.f('fk_retried_runs_retry_id_retries'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('retry_id', 'run_id', name=op.f('pk_retried_runs'))
    )
    op.create_index('ix_retried_runs_experiment_id', 'retried_runs', ['experiment_id', 'example_id', 'repeat'])


def downgrade() -> None:
    op.drop_table('retried_runs')
    op.drop_table('retries')
    op.drop_table('scored_runs')
    op.drop_table('scorings')
