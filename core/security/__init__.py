"""Access policies, the ports of authentication, roles, passwords, rate limits, derived keys."""
