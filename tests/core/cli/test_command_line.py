"""An error of the operator is one sentence, in one form, on standard error."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from sqlite3 import connect

import pytest
from sqlalchemy import make_url

from core.cli.contributed import contributed_commands
from core.testing.databases import HAS_POSTGRES, HOW_TO_GET_POSTGRES, postgres_server
from core.version import VERSION
from core.wiring import assembly
from core.wiring.services import ServiceContainer
from tests.api.serving import environment, run, serving

pytestmark = pytest.mark.process

AWAY = {"REDIS_URL": "redis://:a-secret@127.0.0.1:1/0"}
NOT_THERE = "it does not respond (ConnectionError): start it, or correct REDIS_URL"


def tell(folder: Path, *command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command without a terminal."""
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
        ("downgrade posts", {}, 1, "The command was stopped before its end."),
        ("seed", {}, 1, "run `atrium migrate`"),
        ("keys rotate", {}, 1, "run `atrium migrate`"),
        ("user create-admin --email a@example.com", {}, 1, "run `atrium migrate`"),
        (
            "routes",
            {"AUTH_PRIVATE_REGISTRATION": "true"},
            1,
            "requires a feature that does not exist yet",
        ),
        (
            "routes",
            {"AUTH_RETURN_URLS": "https://a.example"},
            1,
            "requires a feature that does not exist yet",
        ),
        (
            "routes",
            {"MODULES": "users,auth,healht"},
            1,
            "names healht, which is not a module; the nearest is",
        ),
        (
            "routes",
            {"MODULES": "health"},
            1,
            "core needs Authenticator, which auth exports: add auth",
        ),
    ],
    ids=[
        "command",
        "argument",
        "setting",
        "question",
        "seed",
        "keys",
        "user",
        "private",
        "oauth",
        "name",
        "modules",
    ],
)
def test_what_is_wrong_is_said_in_one_form(
    tmp_path: Path, command: str, settings: dict[str, str], status: int, sentence: str
) -> None:
    done = tell(tmp_path, *command.split(), **settings)
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, last.startswith("atrium: ")) == (status, True), done.stderr
    assert sentence in last
    assert "Error" not in done.stderr and "Aborted" not in done.stderr


IN_PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": token_hex(32),
    "PUBLIC_URL": "https://atrium.example",
    "ADMIN_EMAIL": "",
    "RATE_LIMIT_ENABLED": "true",
}
GOOD_PASSWORD = "a long one of no words 1"


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    """Return a DATA_DIR with a migrated database."""
    run(tmp_path, "migrate")
    return tmp_path / "var"


def test_a_command_asks_nothing_without_a_terminal(migrated: Path) -> None:
    create = ("user", "create-admin", "--email", "a@example.com")
    asked = tell(migrated.parent, *create[:2]).stderr
    assert "set --email and, in the environment, ADMIN_PASSWORD" in asked
    assert "set ADMIN_PASSWORD" in tell(migrated.parent, *create).stderr
    weak = tell(migrated.parent, *create, ADMIN_PASSWORD="password123")
    assert weak.stderr.startswith("atrium: password: This password is too common")
    done = tell(migrated.parent, *create, **IN_PRODUCTION, ADMIN_PASSWORD=GOOD_PASSWORD)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_done_over_newer_tables(migrated: Path) -> None:
    with closing(connect(migrated / "atrium.db")) as database, database:
        database.execute("UPDATE alembic_version_users SET version_num = 'of_the_future'")
    before = (migrated / "atrium.db").read_bytes()
    for command in ("seed", "keys rotate", "user create-admin --email a@example.com", "migrate"):
        done = tell(migrated.parent, *command.split(), ADMIN_PASSWORD=GOOD_PASSWORD)
        assert done.returncode == 1 and "newer" in done.stderr, command
    assert (migrated / "atrium.db").read_bytes() == before


def test_what_is_kept_is_for_this_user_alone(tmp_path: Path) -> None:
    assert tell(tmp_path, "migrate", **IN_PRODUCTION).returncode == 0
    folder = tmp_path / "var"
    for each in (folder, *folder.rglob("*")):
        assert not each.stat().st_mode & 0o077, each
    assert (folder / "atrium.db").exists()


def test_all_output_in_production_is_json(migrated: Path) -> None:
    admin = {"ADMIN_EMAIL": "a@example.com", "ADMIN_PASSWORD": GOOD_PASSWORD}
    with serving(migrated.parent, **IN_PRODUCTION | admin) as served:
        served.address()
        assert served.stop() == 0
    first, *others = [json.loads(line) for line in served.printed.splitlines()]
    assert first["event"] == "prepared" and first["news"].startswith("First admin: made")
    assert "serving" in [line["event"] for line in others]
    assert GOOD_PASSWORD not in served.printed


def test_a_setting_of_a_module_that_is_left_out_is_a_setting(tmp_path: Path) -> None:
    some = {"MODULES": "users,auth,health", "FILES_MAX_BYTES": "1000"}
    assert tell(tmp_path, "routes", **some).returncode == 0
    assert "FILES_MAX_BITES is no" in tell(tmp_path, "routes", **some, FILES_MAX_BITES="1").stderr


def test_the_doctor_goes_on_after_the_first_find(migrated: Path) -> None:
    (migrated / "files").write_text("in the way")
    done = tell(migrated.parent, "doctor", DATABASE_URL="postgresql://u:x@127.0.0.1:1/x")
    assert done.returncode == 1
    assert "fix  The database does not respond" in done.stdout
    assert "fix  storage: fails: FileExistsError" in done.stdout


def test_the_doctor_asks_redis(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    done = tell(tmp_path, "doctor", **AWAY)
    assert done.returncode == 1
    assert f"fix  redis: {NOT_THERE}" in done.stdout
    assert "a-secret" not in done.stdout + done.stderr


def test_a_start_without_redis_is_told_once(tmp_path: Path) -> None:
    with serving(tmp_path, WORKERS="2", **AWAY) as served:
        served.address()
        assert served.printed.count(NOT_THERE) == 1
        assert "a-secret" not in served.printed


@pytest.mark.skipif(not HAS_POSTGRES, reason=HOW_TO_GET_POSTGRES)
@pytest.mark.parametrize(("name", "user"), [("nowhere", None), (None, "stranger")])
def test_a_database_that_refuses_is_one_sentence(
    tmp_path: Path, name: str | None, user: str | None
) -> None:
    url = make_url(postgres_server()).set(database=name, username=user)
    done = tell(tmp_path, "migrate", DATABASE_URL=url.render_as_string(hide_password=False))
    assert done.returncode == 1
    assert done.stderr == (
        "atrium: PostgreSQL refuses the user, the password or the database: correct DATABASE_URL.\n"
    )


def test_it_says_its_version(tmp_path: Path) -> None:
    done = tell(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"atrium {VERSION}\n")


LOADED_BY = """
import sys
from core.cli import main

try:
    main()
except SystemExit:
    print("loaded:", *sorted({names} & sys.modules.keys()))
"""


def loaded_by(folder: Path, *command: str, names: set[str]) -> str:
    """Return the libraries and files that the command has loaded, after its output."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED_BY.replace("{names}", repr(names)), *command],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(folder, {}),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FROZEN = """
import atexit, gc
from core.cli import main

atexit.register(lambda: print("searched:", len(gc.get_objects())))
main()
"""


def test_the_end_of_a_command_searches_nothing_that_was_loaded(tmp_path: Path) -> None:
    """A last run of the collector would cost up to a third of the command."""
    done = subprocess.run(
        [sys.executable, "-c", FROZEN, "--help"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path, {}),
        timeout=60,
        check=True,
    )
    *_, searched = done.stdout.split()
    assert "searched: " in done.stdout and int(searched) < 1000


def test_the_version_needs_no_library_of_the_service(tmp_path: Path) -> None:
    printed = loaded_by(tmp_path, "--version", names={"litestar", "sqlalchemy", "core.wiring"})
    assert printed == f"atrium {VERSION}\nloaded:\n"


def test_help_builds_no_application_and_no_service(tmp_path: Path) -> None:
    """The command writes no file either."""
    building = {"core.app", "core.engine.http.server", "uvicorn", "alembic"}
    printed = loaded_by(tmp_path, "--help", names=building)
    assert "create-admin" not in printed and "  keys " in printed
    assert printed.endswith("\nloaded:\n")
    assert list(tmp_path.iterdir()) == []


def test_a_command_is_listed_before_any_service_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a service is built")

    monkeypatch.setattr(ServiceContainer, "build", refuse)
    monkeypatch.setattr(assembly, "assemble", refuse)
    found = contributed_commands.__wrapped__()
    assert (list(found.commands), found.failures) == (["keys", "user"], [])


def test_the_document_is_the_same_in_every_process(tmp_path: Path) -> None:
    documents = {tell(tmp_path, "openapi", PYTHONHASHSEED=seed).stdout for seed in ("1", "2", "3")}
    assert len(documents) == 1
