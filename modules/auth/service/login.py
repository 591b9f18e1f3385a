"""Sign-in by e-mail address and password.

An unknown account, a disabled account and a wrong password get the same error after the same work
(ASVS 6.3.8).
"""

from typing import NoReturn

from core.kit import Clock, Database, Principal
from core.kit.platform import ADMIN, Maintenance, Outcome, UnderMaintenance, current_context
from modules.auth.errors import InvalidCredentials
from modules.auth.service.issuing import IssuedTokens, TokenIssuer
from modules.auth.service.login_throttle import LoginThrottle
from modules.auth.service.passwords import PasswordService
from modules.auth.service.signing_keys import SigningKeys
from modules.users.public import Account, Accounts


class Login:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        accounts: Accounts,
        passwords: PasswordService,
        login_throttle: LoginThrottle,
        signing_keys: SigningKeys,
        issuer: TokenIssuer,
        maintenance: Maintenance,
    ) -> None:
        self._db, self._clock, self._maintenance = db, clock, maintenance
        self._accounts, self._passwords, self._login_throttle = accounts, passwords, login_throttle
        self._signing_keys, self._issuer = signing_keys, issuer

    async def by_password(self, email: str, password: str, device: str) -> IssuedTokens:
        """Raises InvalidCredentials, UnderMaintenance, HashingBusy and errors of the throttle."""
        async with self._login_throttle.attempt(email):
            account = await self._accounts.by_email(email)
            stored = await self._passwords.match(account.id if account else None, password)
            if account is None or not account.is_active or stored is None:
                await self._refuse(account)
        await enter_as(account, self._maintenance)
        rehashed = await self._passwords.rehashed(stored, password)
        return await self._open_session(account, stored, rehashed, device)

    async def _refuse(self, account: Account | None) -> NoReturn:
        target = "users", account.id if account else None
        async with self._db.transaction() as tx:
            await tx.record("auth.login", target, outcome=Outcome.refused)
        raise InvalidCredentials

    async def _open_session(
        self, account: Account, stored: str, rehashed: str | None, device: str
    ) -> IssuedTokens:
        ring = await self._signing_keys.ring()
        async with self._db.transaction() as tx:
            await self._accounts.signed_in(account.id, self._clock())  # which locks the account
            await self._must_be_unchanged(account, stored)
            if rehashed:
                await self._passwords.store(account.id, rehashed)
            opened, refresh_token = await self._issuer.open_session(tx, account, device)
            target = ("users", account.id)
            await tx.record("auth.login", target, session_id=str(opened.id))
        return self._issuer.pair(ring, opened, refresh_token)

    async def _must_be_unchanged(self, account: Account, stored: str) -> None:
        """Raise InvalidCredentials if the password or `is_active` changed since the comparison."""
        current = await self._accounts.by_id(account.id)
        is_active = current is not None and current.is_active
        if not is_active or await self._passwords.stored(account.id) != stored:
            raise InvalidCredentials


async def enter_as(account: Account, maintenance: Maintenance) -> None:
    """Set the principal of this request, which the log and the audit trail name from now on.

    Raises UnderMaintenance for all users except admins.
    """
    current_context().principal = Principal(
        id=account.id, roles=account.roles, locale=account.locale
    )
    state = await maintenance.state()
    if state.enabled and ADMIN not in account.roles:
        raise UnderMaintenance(state.message or "", state.retry_after_s)
