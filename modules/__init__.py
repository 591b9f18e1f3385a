"""One folder per feature; nothing shared lives here."""
