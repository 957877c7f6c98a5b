"""Revisions of the fleet's schema."""
