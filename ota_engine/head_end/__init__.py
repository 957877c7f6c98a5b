"""Runs a fleet, and is its doors: DUIS, an interface for programs, the portal, gateways."""
