"""The tables of what users order, and what comes of it: written by tools/fleet_schema.py."""

from ota_engine.store.fleet.migrations import orders_1, orders_2

revision = "f0002"
down_revision = "f0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    orders_1.create()
    orders_2.create()
