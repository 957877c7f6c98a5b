"""What a store says to a database, and the databases that understand it."""
