"""The delays that wrong passwords cause.

An account has one count for each known client and session, and one for all unknown clients
together. An unknown client is counted at every account together too, by its client IP.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from modules.auth.errors import ResetRequired, TooManyAttempts
from modules.auth.models import Attempts

FREE, CEILING = 5, 100
"""Wrong attempts of a client at an account: how many cause no delay, and how many close it."""
FREE_TO_UNKNOWN = 20
"""Wrong attempts of all unknown clients together at one account that cause no delay."""
MAX_DELAY = timedelta(minutes=15)
REMEMBERED = timedelta(days=30)

FREE_BY_CLIENT_IP, WINDOW_BY_CLIENT_IP = 20, timedelta(minutes=5)


@dataclass(slots=True)
class Counted:
    """The rows in which an attempt counts; a client that is counted apart has one row."""

    client: Attempts
    unknown: Attempts | None = None
    client_ip: Attempts | None = None

    @property
    def is_apart(self) -> bool:
        return self.unknown is None

    @property
    def rows(self) -> list[Attempts]:
        return [row for row in (self.client, self.unknown, self.client_ip) if row is not None]

    @property
    def by_account(self) -> list[tuple[Attempts, int]]:
        """Return the rows of the account, each with the number of attempts without a delay."""
        unknown = [(self.unknown, FREE_TO_UNKNOWN)] if self.unknown else []
        return [(self.client, FREE), *unknown]


def count_attempt(counted: Counted, now: datetime) -> None:
    """Count one wrong attempt. Raises ResetRequired or TooManyAttempts for one that is too early.

    A delay never exceeds its intended length, even if the clock that set it was ahead.
    """
    restart_window(counted.client_ip, now)
    if any(row.failures >= CEILING for row, _ in counted.by_account):
        raise ResetRequired
    if (wait := wait_before(counted, now)) > timedelta():
        raise TooManyAttempts(retry_after_s=ceil(wait.total_seconds()))
    count_wrong(counted, now)


def take_back(counted: Counted, now: datetime) -> None:
    """Subtract an attempt for which no password was compared."""
    for row in counted.rows:
        row.failures, row.open_at = max(0, row.failures - 1), now


def forgive(counted: Counted, now: datetime) -> None:
    """Clear the wrong attempts at the account, and subtract the right one from the client's."""
    for row, _ in counted.by_account:
        row.failures, row.open_at = 0, now
    if (client_ip := counted.client_ip) is not None:
        client_ip.failures, client_ip.open_at = max(0, client_ip.failures - 1), now


def restart_window(client_ip: Attempts | None, now: datetime) -> None:
    if client_ip and not timedelta() <= now - client_ip.since < WINDOW_BY_CLIENT_IP:
        client_ip.failures, client_ip.since, client_ip.open_at = 0, now, now


def wait_before(counted: Counted, now: datetime) -> timedelta:
    waits = [
        min(row.open_at - now, delay_after(row.failures, free)) for row, free in counted.by_account
    ]
    if counted.client_ip:
        waits.append(min(counted.client_ip.open_at - now, WINDOW_BY_CLIENT_IP))
    return max(waits)


def count_wrong(counted: Counted, now: datetime) -> None:
    for row, free in counted.by_account:
        row.failures += 1
        row.open_at = now + delay_after(row.failures, free)
        row.forget_at = max(now + REMEMBERED, row.known_until or now)
    if (client_ip := counted.client_ip) is None:
        return
    client_ip.failures += 1
    client_ip.forget_at = client_ip.since + WINDOW_BY_CLIENT_IP
    if client_ip.failures >= FREE_BY_CLIENT_IP:
        client_ip.open_at = client_ip.forget_at


def delay_after(failures: int, free: int = FREE) -> timedelta:
    """Return 1 s after `free` failures, then twice as long each time, up to MAX_DELAY."""
    if failures < free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - free, 20)), MAX_DELAY)
