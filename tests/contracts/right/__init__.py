"""Keeps the rules."""
