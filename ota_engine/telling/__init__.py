"""Whoever is to hear of outcomes hears of them: what waits, who is told, what is dead."""
