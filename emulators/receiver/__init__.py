"""An emulated receiver: takes letters about outcomes over HTTP, and fails as it is told to."""
