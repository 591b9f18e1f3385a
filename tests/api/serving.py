"""Runs `atrium serve` in a process of its own, on a free port."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from re import search
from time import monotonic, sleep
from typing import TypeVar

from httpx import Client

ROOT = Path(__file__).parents[2]
ADMIN_EMAIL, ADMIN_PASSWORD = "admin@example.com", "correct horse battery staple"
SETTINGS = {
    "ENVIRONMENT": "test",
    "PORT": "0",
    "PUBLIC_URL": "http://127.0.0.1",  # each start has another port
    "SECRET_KEY": "of these tests alone and nobody elses",
    "ADMIN_EMAIL": ADMIN_EMAIL,
    "ADMIN_PASSWORD": ADMIN_PASSWORD,
    "RATE_LIMIT_ENABLED": "false",
}
T = TypeVar("T")
numbers = count()


@dataclass(frozen=True)
class Served:
    process: "subprocess.Popen[bytes]"
    output: Path

    @property
    def printed(self) -> str:
        return self.output.read_text()

    def address(self) -> str:
        """Wait until the process accepts requests, and return its URL."""
        return eventually(self._greeting)

    def stop(self) -> int:
        """Stop the process and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)

    def _greeting(self) -> str | None:
        assert self.process.poll() is None, self.printed
        found = search(r'(?:serves on |"address":")(http://[^\s"]+)', self.printed)
        return found and found[1]


@contextmanager
def serving(folder: Path, *options: str, **settings: str) -> Iterator[Served]:
    """Yield a running server with its data in the folder, which a later server can use again."""
    output = folder / f"output-{next(numbers)}.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.cli", "serve", *options],
            stdout=file,
            stderr=file,
            cwd=folder,
            env=environment(folder, settings),
        )
    try:
        yield Served(process, output)
    finally:
        process.kill()
        process.wait()


def run(folder: Path, *command: str, **settings: str) -> str:
    """Run an `atrium` command and return its output; a server may run meanwhile."""
    done = subprocess.run(
        [sys.executable, "-m", "core.cli", *command],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(folder, settings),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    given = {"DATA_DIR": str(folder / "var"), "PYTHONPATH": str(ROOT)}
    return os.environ | SETTINGS | given | settings


def client_at(address: str, token: str | None = None) -> Client:
    """Return a client that uses no proxy."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Client(base_url=f"{address}/api/v1", headers=headers, trust_env=False, timeout=30)


def sign_in(address: str, email: str, password: str = ADMIN_PASSWORD) -> str:
    """Return an access token."""
    with client_at(address) as client:
        answer = client.post("/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


def eventually(happens: Callable[[], T | None], within_s: float = 60.0) -> T:
    """Call `happens()` repeatedly until it returns a value, and return this value."""
    last = monotonic() + within_s
    while not (found := happens()):
        assert monotonic() < last, "it did not happen"
        sleep(0.02)
    return found
