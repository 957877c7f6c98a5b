"""Homes, hubs and devices."""
