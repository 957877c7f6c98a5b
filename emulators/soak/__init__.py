"""Thousands of emulated devices for virtual days: faults, the judge, shards and reports."""
