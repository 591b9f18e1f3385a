"""The routes for sign-in, sessions, API keys and the key set."""
