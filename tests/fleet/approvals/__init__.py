"""What a release must have gone through."""
