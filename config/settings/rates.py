"""Rates of requests, as an operator writes them."""

from dataclasses import dataclass
from re import compile as pattern
from typing import Annotated, Self

from pydantic import BeforeValidator

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
UNITS = {seconds: name for name, seconds in SECONDS.items()}
WRITTEN = pattern(r"([1-9]\d{0,8}) ?(?:/|per) ?(?:([1-9]\d{0,4}) )?(second|minute|hour|day)s?")


@dataclass(frozen=True, slots=True)
class Rate:
    """The number of requests that are allowed in a number of seconds."""

    amount: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the rate of `100/minute` or `5 per 10 seconds`. Raises ValueError."""
        written = WRITTEN.fullmatch(text.strip().lower())
        if not written:
            raise ValueError("must be a rate such as 100/minute")
        amount, times, unit = written.groups("1")
        return cls(int(amount), int(times) * SECONDS[unit])

    def __str__(self) -> str:
        return f"{self.amount}/{UNITS.get(self.seconds, f'{self.seconds} second')}"


def parse_rate(value: object) -> object:
    return Rate.parse(value) if isinstance(value, str) else value


OneRate = Annotated[Rate, BeforeValidator(parse_rate)]
