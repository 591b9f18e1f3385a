from core.kit import Permission, authenticated, requires

WRITE = Permission("posts:write", "Publish posts, and change your posts.", member=True, scope=True)
MANAGE = Permission("posts:manage", "Change and remove anyone's posts.")

writers = requires(WRITE)
editors = authenticated.with_scope(WRITE)
