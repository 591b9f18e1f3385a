"""The HTTP layer: one controller for each kind of resource that admins manage."""
