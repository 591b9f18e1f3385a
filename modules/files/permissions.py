from core.kit import Permission

READ = Permission("files:read", "Read your files.", member=True, scope=True)
WRITE = Permission(
    "files:write", "Upload files, and change and delete your files.", member=True, scope=True
)
MANAGE = Permission("files:manage", "Read what is known of anyone's files, and delete them.")
