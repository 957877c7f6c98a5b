"""Who may enter a server of the fleet: accounts of persons, their sessions and tokens, whom to call."""
