from core.kit import Permission

MANAGE_SESSIONS = Permission("sessions:manage", "List and end the sessions of all users.")
