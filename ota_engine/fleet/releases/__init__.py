"""Firmware as it is released: what it is, who approved it, from what it may be reached; pure."""
