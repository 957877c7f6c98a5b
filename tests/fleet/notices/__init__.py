"""Tests of who is told, and by when."""
