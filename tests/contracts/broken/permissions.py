from core.kit import Permission

LOST = Permission("things:find", "Find lost things.")
