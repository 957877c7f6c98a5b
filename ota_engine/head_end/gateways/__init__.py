"""The door of gateways: they register, take work and images, and tell what came of it."""
