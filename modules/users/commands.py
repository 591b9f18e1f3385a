"""The commands `atrium user …`, by which an operator makes admins and unlocks accounts."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import click
from pydantic import ValidationError

from core.kit import Database
from modules.users.schemas import UserCreate
from modules.users.service.admins import AdminService
from modules.users.settings import FirstAdminSettings
from modules.users.values import NewAccount


def user_group(
    admins: Callable[[], AdminService],
    db: Callable[[], Database],
    settings: Callable[[], FirstAdminSettings],
) -> click.Group:
    @click.group("user", help="Manage the accounts of users.")
    def user() -> None: ...

    @user.command("create-admin")
    @click.option("--email", help="The e-mail address of the admin; without it there is a prompt.")
    @click.option("--name", default="Admin", show_default=True)
    @click.option("--promote", is_flag=True, help="Make an existing account an admin.")
    def create_admin(email: str | None, name: str, promote: bool) -> None:
        """Make an account with the role admin.

        There is a prompt for the password; without a terminal, ADMIN_PASSWORD is used.
        """
        new = new_account(email or prompt_for_email(), name, given_password(settings()))
        run(lambda: admins().make(new, promote=promote), db)
        click.echo(f"{new.email} is an admin now, and signs in with this password.")

    @user.command("unlock")
    @click.argument("email")
    def unlock(email: str) -> None:
        """Clear the count of wrong passwords for the account EMAIL."""
        run(lambda: admins().unlock(email), db)
        click.echo(f"The next password for {email} is checked without a delay.")

    return user


def run(work: Callable[[], Awaitable[None]], db: Callable[[], Database]) -> None:
    """Run the work of a command, and close the database after it."""

    async def finish() -> None:
        try:
            await work()
        finally:
            await db().close()

    asyncio.run(finish())


def prompt_for_email() -> str:
    if not sys.stdin.isatty():
        raise click.ClickException(
            "There is no terminal for a prompt: set --email and, in the environment, "
            "ADMIN_PASSWORD, and run this again."
        )
    email: str = click.prompt("Email")
    return email


def given_password(settings: FirstAdminSettings) -> str:
    """Return the password. It is no option, because other users of the machine can see options."""
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    if settings.admin_password:
        return settings.admin_password.get_secret_value()
    raise click.ClickException(
        "There is no terminal for a prompt: set ADMIN_PASSWORD and run this again."
    )


def new_account(email: str, name: str, password: str) -> NewAccount:
    try:
        return UserCreate(name=name, email=email, password=password).account()
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = "; ".join(f"{detail['loc'][0]}: {detail['msg']}" for detail in details)
        raise click.ClickException(f"{wrong} Correct it and run this again.") from None
