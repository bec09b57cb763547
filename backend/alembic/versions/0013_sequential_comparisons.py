"""comparisons that end as soon as they are settled"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('sequential_comparisons',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('score', sa.Text(), nullable=False),
    sa.Column('margin', sa.Double(), nullable=False),
    sa.Column('experiments', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sequential_comparisons'))
    )
    op.add_column('experiments', sa.Column('sequential_id', sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f('fk_experiments_sequential_id_sequential_comparisons'), 'experiments',
        'sequential_comparisons', ['sequential_id'], ['id'],
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f('fk_experiments_sequential_id_sequential_comparisons'), 'experiments', type_='foreignkey'
    )
    op.drop_column('experiments', 'sequential_id')
    op.drop_table('sequential_comparisons')
