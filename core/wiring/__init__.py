"""How modules are found, given what they need, and joined to the application."""
