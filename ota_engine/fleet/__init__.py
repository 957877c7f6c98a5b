"""A whole network of hubs: which homes, when, after whose consent, and when to stop; pure."""
