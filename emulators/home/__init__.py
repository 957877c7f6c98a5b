"""Emulated homes behind the Link interface: who lives there, and how they are switched on."""
