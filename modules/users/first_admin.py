"""The first admin, made at a start while there is no admin, and shown to the operator."""

import os
import sys
from asyncio import to_thread
from pathlib import Path
from secrets import token_urlsafe

from config.settings import Settings
from core.kit import InvalidInput
from modules.users.errors import EmailTaken, FirstAdminRefused
from modules.users.service.admins import AdminService
from modules.users.settings import FirstAdminSettings
from modules.users.values import NewAccount

FILE = "first-admin.txt"
GENERATED_BYTES = 48
"""Give a password of 64 characters, the most that AUTH_PASSWORD_MIN_LENGTH can require."""
SETTING_OF = {"body.email": "ADMIN_EMAIL", "body.password": "ADMIN_PASSWORD"}


class FirstAdmin:
    def __init__(
        self, settings: Settings, chosen: FirstAdminSettings, admins: AdminService
    ) -> None:
        self._settings, self._admins = settings, admins
        self._email, self._password = chosen.admin_email, chosen.admin_password
        if self._email is None and settings.environment == "development":
            self._email = "admin@example.com"

    async def ensure(self) -> str | None:
        """Make the first admin; return a message for the operator. Raises FirstAdminRefused."""
        email, password = self._email, self._password
        if await self._admins.exists():
            return None
        if refusal := self._refusal():
            raise FirstAdminRefused(refusal)
        if email is None or (password is None and self._settings.environment != "development"):
            return None
        generated = None if password else token_urlsafe(GENERATED_BYTES)
        secret = password.get_secret_value() if password else str(generated)
        if not await self._make(email, secret):
            return None
        if not generated:
            return "First admin: made from ADMIN_EMAIL and ADMIN_PASSWORD."
        return self._message(email, generated)

    async def forget_file(self) -> bool:
        """Remove the file with the first password once no account has its e-mail address."""
        path = self._settings.data_dir / FILE
        lines = await to_thread(lines_of, path)
        if lines and not await self._admins.knows(lines[0]):
            await to_thread(path.unlink, missing_ok=True)
        return False

    async def examine(self) -> str | None:
        """Return what to correct before a start that would make the first admin, else None."""
        return None if await self._admins.exists() else self._refusal()

    def _refusal(self) -> str | None:
        if self._email is None and self._password is not None:
            return "ADMIN_PASSWORD requires ADMIN_EMAIL: set both or neither."
        if self._settings.is_production and self._email is not None and self._password is None:
            return "ADMIN_EMAIL requires ADMIN_PASSWORD in production: set both or neither."
        return None

    async def _make(self, email: str, password: str) -> bool:
        """Make the admin; return False if another machine was first. Raises FirstAdminRefused."""
        try:
            return await self._admins.ensure_first(
                NewAccount(name="Admin", email=email, password=password)
            )
        except EmailTaken:
            if await self._admins.exists():
                return False
            raise FirstAdminRefused(
                f"ADMIN_EMAIL is {email}, whose account is not promoted at a start: run "
                "`atrium user create-admin --promote`, or set another ADMIN_EMAIL."
            ) from None
        except InvalidInput as error:
            reasons = (f"{SETTING_OF[it.location]} is refused: {it.text}" for it in error.errors)
            raise FirstAdminRefused(" ".join(reasons)) from None

    def _message(self, email: str, password: str) -> str:
        """Return a message with the password, or with its file if the message may be logged."""
        if sys.stdout.isatty() and self._settings.log_format == "console":
            return f"First admin: {email}, password {password} (shown once)"
        path = self._settings.data_dir / FILE
        write_privately(path, f"{email}\n{password}\n")
        return f"First admin: {email}, password in {path}"


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def write_privately(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
