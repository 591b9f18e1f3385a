from core.kit import Permission

READ = Permission("users:read", "Read everyone's profile.")
WRITE = Permission("users:write", "Add people, change their name and age, and delete them.")
ADMINISTER = Permission("admin:users", "Create, change, disable and delete people.")
ROLES = Permission("roles:write", "Say who has which roles.")
PROFILE_READ = Permission("profile:read", "Read one's own profile.", member=True, scope=True)
