"""Whether a home may be touched: time, windows, slots."""
