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


def parse_rates(value: object) -> object:
    if not isinstance(value, str):
        return value
    rates = [Rate.parse(part) for part in value.split(",")]
    if len(rates) > 2:
        raise ValueError("must be one rate or two, such as 10/minute,5/minute")
    return (rates[0], rates[-1])


OneRate = Annotated[Rate, BeforeValidator(parse_rate)]
Rates = Annotated[tuple[Rate, Rate], BeforeValidator(parse_rates)]
"""The rates per client IP and per account; a single rate applies to both."""
