"""What Service Users order by service requests, and what comes of it; pure."""
