"""SQLite: one thread writes for all with a commit for all, and others read."""
