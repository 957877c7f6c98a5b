"""The trio shell: links, timers, the writer thread and the notifier around one engine."""
