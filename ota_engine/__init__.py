"""Zigbee OTA delivery: the engine that decides, and the shells that act. See docs/architecture.md."""
