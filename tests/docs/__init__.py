"""The documents: every code block runs, every link leads somewhere, every table is up to date."""
