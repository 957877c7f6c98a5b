"""What ``zota demo`` shows: who takes part, and how it goes."""
