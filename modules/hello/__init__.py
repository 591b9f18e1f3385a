"""Hello: an example of the shortest module."""
