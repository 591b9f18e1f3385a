from core.kernel.errors import Conflict, Forbidden, NotFound


class UserNotFound(NotFound):
    code = "users.not_found"
    title = "There is no such person."


class EmailTaken(Conflict):
    code = "users.email_taken"
    title = "This e-mail address has an account already."


class NotYoursToChange(Forbidden):
    code = "users.not_yours_to_change"
    title = "Of another person only the name and the age may be changed here."


class UseDeletion(Forbidden):
    code = "users.use_deletion"
    title = "To delete your own account, POST to /users/me/deletion."


class AccountExists(Conflict):
    code = "users.account_exists"
    title = "This address has an account already."


class FirstAdminRefused(Conflict):
    code = "users.first_admin_refused"
    title = "The first admin cannot be made."
