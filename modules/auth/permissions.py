from core.kit import Permission

SESSIONS = Permission("sessions:manage", "See and end everybody's sessions.")
