"""`atrium user …`: what an operator does about people at the terminal."""

import asyncio
from collections.abc import Callable

import click
from pydantic import ValidationError

from core.data.database import Database
from modules.users.public import NewAccount
from modules.users.schemas import UserCreate
from modules.users.service.admins import AdminService


def user_group(admins: Callable[[], AdminService], db: Callable[[], Database]) -> click.Group:
    @click.group("user", help="Look after people's accounts.")
    def user() -> None: ...

    @user.command("create-admin")
    @click.option("--email", prompt=True, help="The address the admin signs in with.")
    @click.option("--name", default="Admin", show_default=True)
    @click.option("--promote", is_flag=True, help="Take an account that exists already.")
    @click.password_option(
        envvar="ADMIN_PASSWORD", help="Asked for, where ADMIN_PASSWORD does not hold it."
    )
    def create_admin(email: str, name: str, promote: bool, password: str) -> None:
        """Make an account with the role admin."""
        new = new_account(email, name, password)

        async def make() -> None:
            try:
                await admins().make(new, promote=promote)
            finally:
                await db().close()

        asyncio.run(make())
        click.echo(f"{new.email} is an admin now: sign in at POST /auth/login of the API.")

    return user


def new_account(email: str, name: str, password: str) -> NewAccount:
    try:
        return NewAccount(**UserCreate(name=name, email=email, password=password).model_dump())
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = "; ".join(f"{each['loc'][0]}: {each['msg']}" for each in found)
        raise click.ClickException(f"{wrong} Correct it and run this again.") from None
