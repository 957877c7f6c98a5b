"""What every emulated device stands on: its description, clock, flash, endpoint and timers."""
