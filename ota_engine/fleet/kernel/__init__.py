"""What all parts of the fleet share: rows, work in hand, decisions, effects; pure."""
