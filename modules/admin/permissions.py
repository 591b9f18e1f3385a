from core.kit import Permission

STATS = Permission("stats:read", "Read the statistics of all modules.", scope=True)
MAINTENANCE = Permission("maintenance:write", "Close the service for maintenance.")
AUDIT = Permission("audit:read", "Read the audit trail.")
EVENTS = Permission("events:manage", "See, repeat and discard background work.")
MODULES = Permission("modules:read", "List the installed modules.")

ALL = (STATS, MAINTENANCE, AUDIT, EVENTS, MODULES)
