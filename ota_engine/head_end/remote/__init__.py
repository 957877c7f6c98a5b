"""A fleet where it is: in a state folder of this machine, or at a server; asked the same either way."""
