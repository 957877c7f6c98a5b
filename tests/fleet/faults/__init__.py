"""What goes wrong in and around a fleet, a module each."""
