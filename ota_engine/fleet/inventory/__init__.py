"""Homes, hubs and devices, and what each said that it runs; pure."""
