"""A module whose catalogue of messages has an unknown member."""

from core.wiring.module import Module


class Plugin(Module):
    """A module without services and routes."""
