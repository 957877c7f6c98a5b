"""Jobs on workers of a Dask scheduler: where it is, how jobs get there, what comes back."""
