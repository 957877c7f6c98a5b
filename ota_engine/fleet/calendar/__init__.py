"""When a home may be touched: windows, slots, and what else goes on in it; pure."""
