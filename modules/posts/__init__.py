"""Posts: what people publish for everyone to read."""
