"""E-mail addresses are compared by UTS 46 and simple lower case, not by case folding."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from unicodedata import normalize

import sqlalchemy as sa
from alembic import op
from email_validator import EmailNotValidError, validate_email

from core.data.migrations.revisions import MigrationError

revision = "users_email_keys"
down_revision = "users_first"
branch_labels = None
depends_on = None

USERS = sa.table(
    "users",
    sa.column("id", sa.Uuid()),
    sa.column("email", sa.String()),
    sa.column("email_key", sa.String()),
)
COLUMNS = USERS.c
Key = Callable[[str, str], str]


def upgrade() -> None:
    """Safe to run again: only keys that differ are written."""
    write_keys(by_simple_lower_case)


def downgrade() -> None:
    write_keys(by_case_folding)


def write_keys(key: Key) -> None:
    """Raises MigrationError, and writes nothing, where two users would have one key."""
    connection = op.get_bind()
    changed = {user_id: new for user_id, new, old in keys(connection, key) if new != old}
    owners: dict[str, object] = {}
    for user_id, new in changed.items():
        if (other := owners.setdefault(new, user_id)) != user_id:
            raise collision(other, user_id)
    for user_id, new in changed.items():
        taken = sa.select(COLUMNS.id).where(COLUMNS.email_key == new)
        for other in connection.scalars(taken):
            if other not in changed:
                raise collision(other, user_id)
    for values in ({each: f"moving {each}" for each in changed}, changed):
        for user_id, new in values.items():
            connection.execute(sa.update(USERS).where(COLUMNS.id == user_id).values(email_key=new))


def keys(connection: sa.Connection, key: Key) -> Iterator[tuple[object, str, str]]:
    """Id, new and old key of each user whose address is not plain ASCII."""
    size = sa.func.length(sa.cast(COLUMNS.email, sa.LargeBinary()))
    if connection.dialect.name == "postgresql":
        size = sa.func.octet_length(COLUMNS.email)
    unusual = (size != sa.func.length(COLUMNS.email)) | COLUMNS.email.like("%xn--%")
    rows = connection.execute(sa.select(*COLUMNS).where(unusual)).all()
    for user_id, email, old in rows:
        with suppress(EmailNotValidError):  # an address that is none by today's rules stays
            yield user_id, key(*parts(email)), old


def collision(one: object, other: object) -> MigrationError:
    return MigrationError(
        f"Users {one} and {other} have e-mail addresses that are one and the same from now on."
        " Nothing was changed. Change the address of one of them, or delete that user, with the"
        " version that you are coming from; then migrate again."
    )


def parts(address: str) -> tuple[str, str]:
    known = validate_email(
        address,
        check_deliverability=False,
        test_environment=True,
        allow_quoted_local=False,
        allow_domain_literal=False,
        allow_display_name=False,
    )
    return known.local_part, known.domain


def by_simple_lower_case(local: str, domain: str) -> str:
    lower = local.replace("İ", "i").replace("Σ", "σ").lower()
    return f"{normalize('NFC', lower)}@{domain}"


def by_case_folding(local: str, domain: str) -> str:
    return normalize("NFC", normalize("NFC", f"{local}@{domain}").casefold())
