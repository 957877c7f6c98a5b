"""Campaigns: policies, phases, homes, gates, and what persons decide about them."""
