"""a webhook is told of the end of matrices, too"""

from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f('ck_deliveries_kind'), 'deliveries')
    op.create_check_constraint(op.f('ck_deliveries_kind'), 'deliveries', "kind in ('experiment','comparison','matrix')")


def downgrade() -> None:
    op.execute("delete from deliveries where kind = 'matrix'")
    op.drop_constraint(op.f('ck_deliveries_kind'), 'deliveries')
    op.create_check_constraint(op.f('ck_deliveries_kind'), 'deliveries', "kind in ('experiment','comparison')")
