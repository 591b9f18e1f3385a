"""Access policies, ports of authentication, roles, password fields, rate limits, derived keys."""
