from core.kit import Permission

READ = Permission("users:read", "Read everyone's profile.")
WRITE = Permission("users:write", "Add people, change their name and age, and delete them.")
PROFILE_READ = Permission("profile:read", "Read one's own profile.", member=True, scope=True)
