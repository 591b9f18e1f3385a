"""Hello: the shortest module there is."""
