"""Tests of the calendar of homes: whether, and when, one may be upgraded."""
