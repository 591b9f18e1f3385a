"""How often something may be done, as an operator writes it."""

from dataclasses import dataclass
from typing import Annotated, Self

from limits import parse_many
from pydantic import BeforeValidator

UNITS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds."""

    amount: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`100/minute`, `5 per 10 seconds`."""
        try:
            [item] = parse_many(text)
        except ValueError:
            raise ValueError("must be a rate such as 100/minute") from None
        if not item.amount:
            raise ValueError("must be a rate of at least one, such as 100/minute")
        return cls(item.amount, item.get_expiry())

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
"""Per address and per account; a single rate counts for both."""
