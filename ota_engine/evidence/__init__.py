"""What people are shown afterwards: pages that need nothing else, and their charts. Pure."""
