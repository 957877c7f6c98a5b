"""What every emulated device stands on: its description, flash, endpoint and timers."""
