"""Changes of tenancy and supplier: announced to the devices of the home, and answered when they ask."""
