"""Emulated devices, air and networks: products in themselves, and the only doubles of the tests."""
