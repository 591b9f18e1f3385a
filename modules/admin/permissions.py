from core.kit import Permission

USERS = Permission("admin:users", "Create, change, disable and delete people.")
ROLES = Permission("roles:write", "Say who has which roles.")
STATS = Permission("stats:read", "See the figures of the whole application.", scope=True)
MAINTENANCE = Permission("maintenance:write", "Close the service for maintenance.")
AUDIT = Permission("audit:read", "Read the audit trail.")
SESSIONS = Permission("sessions:manage", "See and end everybody's sessions.")
EVENTS = Permission("events:manage", "See, repeat and discard background work.")
MODULES = Permission("modules:read", "See what is installed.")

ALL = (USERS, ROLES, STATS, MAINTENANCE, AUDIT, SESSIONS, EVENTS, MODULES)
