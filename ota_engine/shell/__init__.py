"""The trio shell: links, timers, the writer thread and the couriers around one engine."""
