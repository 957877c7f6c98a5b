"""What can be asked of a fleet: each question is a record, and its answer one; the same for every door."""
