"""matrices: optimisations compared, trial by trial"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'matrices',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('description', sa.Text(), nullable=False),
        sa.Column('config', postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column('config_hash', sa.Text(), nullable=False),
        sa.Column(
            'created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False
        ),
        sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_matrices')),
    )
    op.create_index('ix_matrices_config_hash_created_at', 'matrices', ['config_hash', 'created_at'])
    op.create_table(
        'matrix_trials',
        sa.Column('matrix_id', sa.Uuid(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('method', sa.Text(), nullable=False),
        sa.Column('optimisation', sa.Text(), nullable=False),
        sa.Column('round', sa.Integer(), nullable=False),
        sa.Column('experiment_id', sa.Uuid(), nullable=True),
        sa.Column('problem', sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ['experiment_id'],
            ['experiments.id'],
            name=op.f('fk_matrix_trials_experiment_id_experiments'),
            ondelete='SET NULL',
        ),
        sa.ForeignKeyConstraint(
            ['matrix_id'],
            ['matrices.id'],
            name=op.f('fk_matrix_trials_matrix_id_matrices'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('matrix_id', 'position', name=op.f('pk_matrix_trials')),
    )
    op.create_index('ix_matrix_trials_experiment_id', 'matrix_trials', ['experiment_id'])


def downgrade() -> None:
    op.drop_table('matrix_trials')
    op.drop_table('matrices')
