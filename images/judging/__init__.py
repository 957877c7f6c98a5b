"""Judging files: settings, what to compare with, the walk through folders, processes, the outcome.

The one part of ``images`` that reads files; it prints nothing and knows no command line.
"""
