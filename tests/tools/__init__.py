"""The tools run by path."""
