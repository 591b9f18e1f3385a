"""Connections, compiled statements, group commit and cache versions, below `core.data`."""
