"""The tables of the first fleet: written by tools/fleet_schema.py."""

from alembic import op

from ota_engine.store.fleet.guards import guard_trail
from ota_engine.store.fleet.migrations import first_1, first_2, first_3, first_4

revision = "f0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    first_1.create()
    first_2.create()
    first_3.create()
    first_4.create()
    guard_trail(op.get_bind())
