"""Health: whether the process is up and what it stands on works, for people and for machines."""
