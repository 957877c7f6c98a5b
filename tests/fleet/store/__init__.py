"""The fleet's database: what it keeps, seals, refuses, and plans as sets."""
