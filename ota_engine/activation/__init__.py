"""Orders to activate firmware: their life, counters and answers; knows no link, clock or store."""
