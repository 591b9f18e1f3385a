"""The services for sign-in, sessions, API keys and signing keys."""
