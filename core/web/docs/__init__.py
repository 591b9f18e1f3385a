"""The documentation of the API: its reference, and a page for every kind of problem."""
