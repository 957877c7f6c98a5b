"""Who must be told, whether it reached them, and the clocks that run from there; pure."""
