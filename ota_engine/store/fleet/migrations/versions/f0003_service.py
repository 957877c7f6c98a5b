"""The tables of who enters a server, and which gateways it serves: written by tools/fleet_schema.py."""

from ota_engine.store.fleet.migrations import service_1, service_2

revision = "f0003"
down_revision = "f0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    service_1.create()
    service_2.create()
