"""What went wrong, who looks into it, and what was decided; pure."""
