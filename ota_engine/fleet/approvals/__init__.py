"""What a release must have gone through before it is delivered or made; pure."""
