"""One server for a fleet: its doors beside each other, and what goes on behind them."""
