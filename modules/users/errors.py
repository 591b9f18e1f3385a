from core.kit import Conflict, Forbidden, NotFound


class UserNotFound(NotFound):
    """There is no such account, or you may not read it."""

    code = "users.not_found"
    title = "There is no such user."


class EmailTaken(Conflict):
    """E-mail addresses that differ only in case are the same.

    Sign in with this e-mail address, or use another one.
    """

    code = "users.email_taken"
    title = "An account with this e-mail address exists already."


class NotYoursToChange(Forbidden):
    """Routes under `/admin` change the other fields."""

    code = "users.not_yours_to_change"
    title = "Only the name and the age of another user can be changed here."


class UseDeletion(Forbidden):
    """The deletion of your own account needs your password, and has a grace period.

    Send `POST /users/me/deletion` with your password.
    """

    code = "users.use_deletion"
    title = "To delete your own account, POST to /users/me/deletion."


class LastAdmin(Conflict):
    """No admin would be left to appoint another.

    Make another user an admin first.
    """

    speaks_for = "admin"
    code = "admin.last_admin"
    title = "The last active admin cannot be disabled, demoted or deleted."


class BeyondOwnRights(Forbidden):
    """You can neither grant a permission that you lack nor change a user who has one."""

    speaks_for = "admin"
    code = "admin.beyond_own_rights"
    title = "This requires a permission that you do not have."


class AccountExists(Conflict):
    """Only `atrium user create-admin` reports this error, never a response.

    Run the command with `--promote`, or use another e-mail address.
    """

    code = "users.account_exists"
    title = "An account with this e-mail address exists already."


class FirstAdminRefused(Conflict):
    """Only the start of the service reports this error, never a response. `detail` has the reason.

    Correct `ADMIN_EMAIL`, or run `atrium user create-admin`.
    """

    code = "users.first_admin_refused"
    title = "The first admin cannot be created."
