"""Who takes part, in which roles, and who answers for a home; pure."""
