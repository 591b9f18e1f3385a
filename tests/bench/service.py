"""The service as in production: every feature of the contract is on, and it has users."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from tests.bench.client import Client, bearer
from tests.bench.processes import ROOT, Server, plain_environment
from tests.bench.wrk import Request

API = "/api/v1"
PEOPLE = 50
CROWD = 100_000
PASSWORD = "correct horse battery staple"
ADMIN = "admin@bench.example"
RARE = "zyzzyva"
"""A part of the name of one user."""
OFTEN = "100000000/minute"
"""A rate for which requests are counted and never refused."""
NOTHING_MORE: Mapping[str, str] = {}


def environment(database_url: str, folder: Path) -> dict[str, str]:
    return {
        "ENVIRONMENT": "production",
        "DATABASE_URL": database_url,
        "DATA_DIR": str(folder),
        "SECRET_KEY": token_hex(32),
        "ADMIN_EMAIL": ADMIN,
        "ADMIN_PASSWORD": PASSWORD,
        "AUTH_ACCESS_TOKEN_TTL_S": "3600",
        "FILES_MAX_BYTES": "1000000000",
        "TRUSTED_PROXIES": "127.0.0.1",
        "RATE_LIMIT_ANONYMOUS": OFTEN,
        "RATE_LIMIT_SIGNED_IN": OFTEN,
        "RATE_LIMIT_LOGIN": f"{OFTEN},{OFTEN}",
        "RATE_LIMIT_REGISTER": OFTEN,
        "RATE_LIMIT_EXPORT": OFTEN,
    }


def atrium(settings: dict[str, str], *arguments: str) -> None:
    """Run a command of the service to its end. Raises RuntimeError with its output."""
    run_module(settings, "core.cli", *arguments)


def run_module(settings: dict[str, str], *arguments: str) -> None:
    """Run `python -m` to its end. Raises RuntimeError with its output."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=plain_environment() | settings,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip()[-500:]}")


def server(name: str, settings: dict[str, str]) -> Server:
    return Server(name, [sys.executable, "-m", "core.cli", "serve"], settings, "/health/ready")


@dataclass(frozen=True)
class Account:
    email: str
    token: str


@dataclass(frozen=True)
class Service:
    """A running service with many users, of whom a few are signed in."""

    name: str
    url: str
    settings: dict[str, str]
    server: Server
    people: Sequence[Account]
    admin: Account

    def client(self, who: Account | None = None) -> Client:
        return Client(self.server.port, who.token if who else "")

    def by_each(self, method: str, path: str, body: Any = None) -> list[Request]:
        """Return the same request for each user in turn."""
        content = json.dumps(body) if body else None
        return [Request(method, API + path, bearer(who.token), content) for who in self.people]

    def by_admin(self, method: str, path: str) -> list[Request]:
        return [Request(method, API + path, bearer(self.admin.token))]

    def logins(self) -> list[Request]:
        """Return sign-ins, each from its own client IP, because the limits count per client IP."""
        return [
            Request(
                "POST",
                f"{API}/auth/login",
                {"Content-Type": "application/json", "X-Forwarded-For": f"10.0.0.{at + 1}"},
                json.dumps({"email": who.email, "password": PASSWORD}),
            )
            for at, who in enumerate(self.people)
        ]


@contextmanager
def running(
    name: str, url: str, folder: Path, crowd: int, more: Mapping[str, str] = NOTHING_MORE
) -> Iterator[Service]:
    settings = {**environment(url, folder), **more}
    atrium(settings, "migrate")
    with server(name, settings) as started:
        client = Client(started.port)
        people = [register(client, at) for at in range(PEOPLE)]
        admin = sign_in(client, ADMIN)
        atrium(settings, "seed", "--users", str(crowd))
        yield Service(name, url, settings, started, people, admin)


def register(client: Client, at: int) -> Account:
    email = f"person-{at}@bench.example"
    name = RARE.title() if at == 0 else f"Person {at}"
    body = {"name": name, "email": email, "password": PASSWORD}
    client.send("POST", f"{API}/auth/register", body)
    return sign_in(client, email)


def sign_in(client: Client, email: str) -> Account:
    body = {"email": email, "password": PASSWORD}
    answer = client.send("POST", f"{API}/auth/login", body)
    return Account(email, answer["access_token"])
