"""A whole estate to rehearse on: homes, parties and hubs in virtual time."""
