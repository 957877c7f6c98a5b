"""Signed orders to activate firmware, and what devices say of them; knows no radio and no store."""
