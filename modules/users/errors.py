from core.kit import Conflict, Forbidden, NotFound


class UserNotFound(NotFound):
    """There is no such account, or you may not read it."""

    code = "users.not_found"
    title = "There is no such user."


class EmailTaken(Conflict):
    """E-mail addresses that differ in capitals only are the same.

    Sign in with this one, or take another.
    """

    code = "users.email_taken"
    title = "An account with this e-mail address exists already."


class NotYoursToChange(Forbidden):
    """The routes under `/admin` change the rest."""

    code = "users.not_yours_to_change"
    title = "Only the name and the age of another user can be changed here."


class UseDeletion(Forbidden):
    """One's own account goes with a proof, and with time to think again.

    `POST /users/me/deletion` with your password.
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
    """`atrium user create-admin` says so, never a response.

    Run it with `--promote`, or for another e-mail address.
    """

    code = "users.account_exists"
    title = "An account with this e-mail address exists already."


class FirstAdminRefused(Conflict):
    """Said when the service starts, never to a client; `detail` has the reason.

    Correct `ADMIN_EMAIL`, or make an admin with `atrium user create-admin`.
    """

    code = "users.first_admin_refused"
    title = "The first admin cannot be created."
