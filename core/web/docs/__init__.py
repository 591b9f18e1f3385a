"""The documentation of the API: its reference, the guides, and a page for every problem."""
