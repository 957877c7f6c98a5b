"""What goes wrong in a roll-out: raised by any party, owned, looked into, resolved; pure."""
