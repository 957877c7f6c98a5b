"""The store: what the engine must not forget, in SQLite by default."""
