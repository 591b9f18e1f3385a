from core.kit import Permission, authenticated

READ = Permission("users:read", "Read everyone's profile.")
WRITE = Permission("users:write", "Add users, change their name and age, and delete them.")
ADMINISTER = Permission("admin:users", "Create, change, disable and delete users.")
ROLES = Permission("roles:write", "Set the roles of users.")
PROFILE_READ = Permission("profile:read", "Read your profile.", member=True, scope=True)

readable_by_key = authenticated.with_scope(PROFILE_READ)
