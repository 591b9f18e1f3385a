"""The rows that count attempts: their keys, their locks and their storage."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from email_validator import EmailNotValidError
from sqlalchemy import bindparam, update

from core.kit import Database, Transaction
from core.kit.platform import SecretKeys, current_context, insert_for, simple_lower
from modules.auth.models import Attempts
from modules.auth.service.login_delays import REMEMBERED, Counted
from modules.users.public import email_key

_given = {it.name: bindparam(f"new_{it.name}", type_=it.type) for it in Attempts.__table__.columns}
KEEP = update(Attempts.__table__).where(Attempts.key == _given["key"]).values(_given)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class AttemptKeys:
    """The keys under which an attempt counts; each is a digest."""

    account: str
    """All unknown clients at this account."""
    client: str
    """This client at this account, or the session that is signed in to it."""
    client_ip: str
    """This client at any account."""
    has_session: bool


class LoginAttempts:
    def __init__(self, db: Database, secrets: SecretKeys) -> None:
        self._db, self._secrets = db, secrets
        row = insert_for(db.engine.dialect)(Attempts).values(_given)
        unchanged = {"failures": Attempts.failures}
        self._open = row.on_conflict_do_update(
            index_elements=[Attempts.key], set_=unchanged
        ).returning(*Attempts.__table__.columns)
        """The statement that adds a row if there is none, and locks it."""

    def keys(self, email: str, session_id: UUID | None) -> AttemptKeys:
        account, client = account_key(email), current_context().client
        own = f"session\n{session_id}" if session_id else f"client\n{client}"
        return AttemptKeys(
            account=self.account(email),
            client=self._digest(f"{own}\n{account}"),
            client_ip=self._digest(f"address:{client}"),
            has_session=session_id is not None,
        )

    def account(self, email: str) -> str:
        return self._digest(f"account:{account_key(email)}")

    @asynccontextmanager
    async def counted(
        self, keys: AttemptKeys, now: datetime, is_apart: bool | None = None
    ) -> AsyncIterator[Counted]:
        """Lock the rows in a transaction of their own, which stores what the block changes.

        Without `is_apart`, a session and a client that the account knows are counted apart.
        """
        async with self._db.separate() as tx:
            client = await self._row(tx, keys.client, keys.account, now)
            if is_apart is None:
                is_apart = keys.has_session or is_known(client, now)
            counted = (
                Counted(client) if is_apart else await self._with_shared(tx, keys, client, now)
            )
            yield counted
            for row in counted.rows:
                await tx.execute(KEEP, given(**{name: getattr(row, name) for name in _given}))

    async def _with_shared(
        self, tx: Transaction, keys: AttemptKeys, client: Attempts, now: datetime
    ) -> Counted:
        """Lock in one order, against deadlocks: client, then account, then client IP."""
        unknown = await self._row(tx, keys.account, keys.account, now)
        return Counted(client, unknown, await self._row(tx, keys.client_ip, None, now))

    async def _row(self, tx: Transaction, key: str, account: str | None, now: datetime) -> Attempts:
        """Return the row, locked; add it if there is none."""
        new = {"failures": 0, "since": now, "open_at": now, "forget_at": now + REMEMBERED}
        values = given(key=key, account=account, known_until=None, **new)
        row = (await tx.execute(self._open, values)).one()
        return Attempts(**row._asdict())

    def _digest(self, what: str) -> str:
        return self._secrets.sign("auth.attempts", what.encode()).hex()


def is_known(client: Attempts, now: datetime) -> bool:
    return client.known_until is not None and client.known_until > now


def given(**columns: object) -> dict[str, object]:
    return {f"new_{name}": value for name, value in columns.items()}


def account_key(email: str) -> str:
    """Return one key for all spellings of an e-mail address, and a key for any other text."""
    try:
        return email_key(email)
    except EmailNotValidError:
        return simple_lower(email.strip())
