"""The registration of an account by its future owner."""

from modules.users.public import Accounts, NewAccount, Person


class Registration:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def register(self, new: NewAccount) -> Person:
        """Raises EmailTaken, and InvalidInput for a password that is too weak."""
        return await self._accounts.register(new)
