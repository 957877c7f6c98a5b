"""Parties and persons."""
