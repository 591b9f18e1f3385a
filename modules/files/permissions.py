from core.kit import Permission

READ = Permission("files:read", "Read one's own files.", member=True, scope=True)
WRITE = Permission(
    "files:write", "Upload files, change and delete one's own.", member=True, scope=True
)
MANAGE = Permission("files:manage", "Read what is known of anyone's files, and delete them.")
