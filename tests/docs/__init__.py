"""The documents: each code block runs, each link has its target, and each table is up to date."""
