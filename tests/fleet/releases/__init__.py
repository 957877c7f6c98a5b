"""Releases, paths and the roadmap."""
