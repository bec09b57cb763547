"""batch_jobs: calls that providers answer as jobs, and experiments that only wait for them"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('experiments', sa.Column('waits_until', sa.DateTime(timezone=True), nullable=True))
    now = sa.text('clock_timestamp()')
    op.create_table(
        'batch_jobs',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('experiment_id', sa.Uuid(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('provider_status', sa.Text(), nullable=True),
        sa.Column('input_sha256', sa.Text(), nullable=True),
        sa.Column('file_id', sa.Text(), nullable=True),
        sa.Column('batch_id', sa.Text(), nullable=True),
        sa.Column('lines', sa.Integer(), nullable=False),
        sa.Column('size_bytes', sa.BigInteger(), nullable=False),
        sa.Column('discount', sa.Double(), nullable=False),
        sa.Column('done', sa.Integer(), server_default='0', nullable=False),
        sa.Column('failed', sa.Integer(), server_default='0', nullable=False),
        sa.Column('polls', sa.Integer(), server_default='0', nullable=False),
        sa.Column('errors', sa.Integer(), server_default='0', nullable=False),
        sa.Column('last_error', sa.Text(), nullable=True),
        sa.Column('cancel_asked', sa.Boolean(), server_default=sa.text('false'), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('next_poll_at', sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.ForeignKeyConstraint(
            ['experiment_id'],
            ['experiments.id'],
            name=op.f('fk_batch_jobs_experiment_id_experiments'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_batch_jobs')),
    )
    op.create_index('ix_batch_jobs_experiment_id', 'batch_jobs', ['experiment_id'])
    op.create_table(
        'batch_lines',
        sa.Column('experiment_id', sa.Uuid(), nullable=False),
        sa.Column('key', sa.Text(), nullable=False),
        sa.Column('number', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('job_id', sa.Uuid(), nullable=True),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('tries', sa.SmallInteger(), server_default='0', nullable=False),
        sa.Column('body', sa.Text(), nullable=False),
        sa.Column('size_bytes', sa.Integer(), nullable=False),
        sa.Column('response', sa.Text(), nullable=True),
        sa.Column('failure_kind', sa.Text(), nullable=True),
        sa.Column('failure_message', sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ['experiment_id'],
            ['experiments.id'],
            name=op.f('fk_batch_lines_experiment_id_experiments'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['job_id'], ['batch_jobs.id'], name=op.f('fk_batch_lines_job_id_batch_jobs'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('experiment_id', 'key', name=op.f('pk_batch_lines')),
    )
    op.create_index('ix_batch_lines_job_id', 'batch_lines', ['job_id'])
    op.create_index(
        'ix_batch_lines_experiment_id_state_number', 'batch_lines', ['experiment_id', 'state', 'number']
    )


def downgrade() -> None:
    op.drop_table('batch_lines')
    op.drop_table('batch_jobs')
    op.drop_column('experiments', 'waits_until')
