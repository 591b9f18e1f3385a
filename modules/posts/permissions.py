from core.kit import Permission

WRITE = Permission("posts:write", "Publish posts and change one's own.", member=True, scope=True)
MANAGE = Permission("posts:manage", "Change and remove anyone's posts.")
