"""What ``zota demo --head-end`` shows: suppliers and an operator, a head end, and a home behind it."""
