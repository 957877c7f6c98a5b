"""How one home goes through a campaign, whatever its hub says and whatever happens to it; pure."""
