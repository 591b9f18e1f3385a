"""Re-authentication by the password: for a fresh session, a new password and other modules.

Other modules use the port `Reauthentication`. One throttle counts every attempt.
"""

from sqlalchemy import bindparam, select, update

from core.kit import Clock, Database, Principal
from core.kit.platform import BadCredential
from modules.auth.errors import ProofFailed, StepUpRequired
from modules.auth.models import ENDED, AuthSession
from modules.auth.service.login_throttle import LoginThrottle
from modules.auth.service.passwords import PasswordService
from modules.auth.service.sessions import SessionService
from modules.auth.service.signing_keys import PRINCIPALS
from modules.users.public import Account, Accounts

OWN = select(AuthSession.id).where(
    AuthSession.id == bindparam("session_id"), AuthSession.expires_at > ENDED
)


class PasswordReauthentication:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        accounts: Accounts,
        passwords: PasswordService,
        login_throttle: LoginThrottle,
        sessions: SessionService,
    ) -> None:
        self._db, self._clock = db, clock
        self._accounts, self._passwords = accounts, passwords
        self._login_throttle, self._sessions = login_throttle, sessions

    async def confirm(self, principal: Principal, password: str | None) -> None:
        """Require the password, or a fresh session if the account has no password."""
        account = await self._accounts.by_id(principal.id)
        if account and await self._passwords.stored(account.id) is None:
            if not principal.is_fresh(self._clock()):
                raise StepUpRequired
        elif password is None:
            raise ProofFailed("Send the password of the account.")
        else:
            await self._prove(principal, password)

    async def step_up(self, principal: Principal, password: str) -> None:
        """Make the session fresh. Raises the errors of `Reauthentication.confirm`."""
        await self._prove(principal, password)
        own = AuthSession.id == principal.session_id
        async with self._db.transaction() as tx:
            await tx.session.execute(update(AuthSession).where(own).values(fresh_at=self._clock()))
            tx.invalidate(PRINCIPALS)
            target = ("auth_sessions", principal.session_id)
            await tx.record("auth.step_up", target)

    async def change_password(self, principal: Principal, current: str, new: str) -> None:
        """Set a password and end other sessions. Raises InvalidInput and errors of `confirm`."""
        account = await self._prove(principal, current)
        store = await self._passwords.prepare(
            new, account.email, account.name, location="body.new_password"
        )
        others = (AuthSession.user_id == account.id) & (AuthSession.id != principal.session_id)
        async with self._db.transaction() as tx:
            await self._accounts.password_changed(account.id)  # which locks the account
            await store(account.id)
            if await tx.session.scalar(OWN, {"session_id": principal.session_id}) is None:
                raise BadCredential  # a change in another session ended this one
            await self._sessions.end_where(tx, others)
            await self._login_throttle.clear(account.email)
            await tx.record("auth.change_password", ("users", account.id))

    async def _prove(self, principal: Principal, password: str) -> Account:
        account = await self._accounts.by_id(principal.id)
        if account is None:
            raise BadCredential
        async with self._login_throttle.attempt(account.email, principal.session_id):
            if await self._passwords.match(account.id, password) is None:
                raise ProofFailed
        return account
