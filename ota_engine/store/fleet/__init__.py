"""Rows of the fleet: its own schema, its audit trail, its plan executed as sets."""
