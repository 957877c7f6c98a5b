"""A device's side of changes of tenancy and supplier: what it keeps of the occupier, and clears."""
