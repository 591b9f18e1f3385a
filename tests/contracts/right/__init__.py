"""A module that keeps the rules."""
