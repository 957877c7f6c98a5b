"""Gateways: which there are, what each has said last, and which home belongs to which."""
