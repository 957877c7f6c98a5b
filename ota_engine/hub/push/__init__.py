"""Deliveries to several devices at once: who gets what, when it is over, and how it ended. Pure."""
