"""GBCS messages carried over the Smart Energy Tunneling cluster; knows no message and no key."""
