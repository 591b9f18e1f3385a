"""Posts: texts that users publish for everyone."""
