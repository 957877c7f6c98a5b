"""Emulated devices: what each kind does with an image, on top of the one OTA client."""
