"""Lets persons and programs into a server: passwords, sessions, tokens, sealed keys."""
