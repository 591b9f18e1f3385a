"""Signing in: sessions, their tokens, and API keys."""
