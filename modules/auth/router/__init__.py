"""The routes of signing in."""
