"""A hub that takes its work from a fleet: instructions in, orders to its engine, outcomes out."""
