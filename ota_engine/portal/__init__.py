"""The fleet in a browser: pages for people, made here, which work without a script."""
