"""Real coordinators: zigpy's radio libraries behind the Link interface."""
