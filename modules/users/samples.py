"""Sample users without passwords, for development and for measurements."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice, product
from random import Random
from secrets import token_hex

from sqlalchemy import insert, select

from core.kit import Clock, Database, uuid7
from core.kit.platform import MEMBER
from modules.users.models import User

FEW = 12
BATCH = 5000
SYLLABLES = ("ba", "do", "fi", "ka", "lu", "me", "no", "pa", "ri", "su", "ta", "ve", "wo", "zi")
ADD = insert(User.__table__)  # type: ignore[arg-type]


class SampleUsers:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def seed(self) -> None:
        """Add a few users, once."""
        rows = [*sample_rows("x", FEW, self._clock())]
        first = select(User.id).where(User.email_key == rows[0]["email_key"])
        async with self._db.read() as reads:
            if await reads.scalar(first):
                return
        await self._add(rows)

    async def add(self, count: int, progress: Callable[[int], object]) -> None:
        """Add `count` users; call `progress` with the size of each batch that was added."""
        rows = sample_rows(token_hex(2), count, self._clock())
        while batch := list(islice(rows, BATCH)):
            await self._add(batch)
            progress(len(batch))

    async def _add(self, rows: list[dict[str, object]]) -> None:
        async with self._db.transaction() as tx:
            connection = await tx.session.connection()
            await connection.execute(ADD, rows)
            tx.invalidate("users")
            await tx.record("users.seed", ("users", None), count=len(rows))


def sample_rows(mark: str, count: int, now: datetime) -> Iterator[dict[str, object]]:
    """Yield rows, the same for the same mark; each is created a second before the next."""
    random = Random(mark)  # noqa: S311 (names, not secrets)
    words = ["".join(word) for length in (2, 3) for word in product(SYLLABLES, repeat=length)]
    for number in range(count):
        first, last = random.choice(words), random.choice(words)
        email = f"{first}.{last}.{mark}{number}@example.com"
        at = now - timedelta(seconds=count - number)
        yield {
            "id": uuid7(),
            "version": 1,
            "name": f"{first.title()} {last.title()}",
            "email": email,
            "email_key": email,
            "age": random.randint(18, 90),
            "locale": None,
            "roles": (MEMBER,),
            "is_active": True,
            "created_at": at,
            "updated_at": at,
        }
