"""Passwords: their hashes, and the rules that a new one keeps."""
