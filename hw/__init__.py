"""Real coordinators. Empty until the radio work begins; kept so that the wheel holds its four rooms."""
