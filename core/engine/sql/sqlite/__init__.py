"""SQLite: one thread writes and commits for all transactions, and other threads read."""
