"""The commands `atrium keys …`, by which an operator rotates the signing keys."""

import asyncio
from collections.abc import Callable

import click

from core.kit import Database
from modules.auth.service.signing_keys import SigningKeys


def keys_group(signing_keys: Callable[[], SigningKeys], db: Callable[[], Database]) -> click.Group:
    @click.group("keys", help="Manage the keys that sign access tokens.")
    def keys() -> None: ...

    @keys.command("rotate")
    @click.option(
        "--withdraw", is_flag=True, help="Revoke all earlier keys at once, if one has leaked."
    )
    def rotate(withdraw: bool) -> None:
        """Sign access tokens with a new key; all sessions continue."""

        async def make() -> str:
            try:
                return await signing_keys().rotate(withdraw)
            finally:
                await db().close()

        click.echo(f"Access tokens are signed by the key {asyncio.run(make())} from now on.")

    return keys
