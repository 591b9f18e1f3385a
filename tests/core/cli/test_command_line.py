"""What an operator reads who does something wrong: one sentence, in one form, on standard error."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.serving import environment, run, serving

AWAY = {"REDIS_URL": "redis://:a-secret@127.0.0.1:1/0"}
NOT_THERE = "it does not answer (ConnectionError): start it, or mend REDIS_URL"


def tell(folder: Path, *command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "core.cli", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(folder, {"ADMIN_PASSWORD": "", **settings}),
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "settings", "status", "sentence"),
    [
        ("nothing", {}, 2, "No such command 'nothing'."),
        ("module check nothing", {}, 1, "There is no module nothing."),
        ("module check", {"PORT": "one"}, 1, "PORT must be a whole number"),
        ("downgrade posts", {}, 1, "Stopped before it was done."),
        ("user create-admin", {}, 1, "give the address as --email, the password as ADMIN_PASSWORD"),
        ("user create-admin --email a@example.com", {}, 1, "set ADMIN_PASSWORD"),
        (
            "routes",
            {"MODULES": "hello"},
            1,
            "core needs Authenticator, which auth exports: add auth",
        ),
    ],
    ids=["command", "argument", "setting", "question", "email", "password", "modules"],
)
def test_what_is_wrong_is_said_in_one_form(
    tmp_path: Path, command: str, settings: dict[str, str], status: int, sentence: str
) -> None:
    done = tell(tmp_path, *command.split(), **settings)
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, last.startswith("atrium: ")) == (status, True), done.stderr
    assert sentence in last
    assert "Error" not in done.stderr and "Aborted" not in done.stderr


def test_the_doctor_asks_redis(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    done = tell(tmp_path, "doctor", **AWAY)
    assert done.returncode == 1
    assert f"mend redis: {NOT_THERE}" in done.stdout
    assert "a-secret" not in done.stdout + done.stderr


def test_a_start_without_redis_is_told_once(tmp_path: Path) -> None:
    with serving(tmp_path, WORKERS="2", **AWAY) as served:
        served.address()
        assert served.printed.count(NOT_THERE) == 1
        assert "a-secret" not in served.printed
