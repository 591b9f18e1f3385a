"""Admin: operations for admins, and the statistics that modules contribute."""
