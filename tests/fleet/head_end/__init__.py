"""The fleet's shell: its desk, and the courier of its notices."""
