"""Machinery below data and web that a team does not open: see the README of each folder."""
