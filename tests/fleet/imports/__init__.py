"""Lists of an estate, brought into its database."""
