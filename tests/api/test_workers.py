"""Two workers are one service: a change on one is effective at the next request to the other."""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from socket import create_connection
from time import sleep

import pytest

from tests.api.serving import ADMIN_EMAIL, Served, client_at, eventually, run, serving
from tests.api.two_workers import (
    REGISTRATIONS,
    REQUESTS,
    Connection,
    Someone,
    admin,
    folder,
    pair,
    reach,
    server,
    sign_in,
    someone,
    statuses,
    to_each,
    workers,
)

__all__ = ["admin", "folder", "pair", "reach", "server", "someone", "workers"]

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

COUNTED = 'http_requests_total{method="GET",module="health",route="/health/live",status="200"} '
REFUSED = '"status":400'
STARTED = "process_start_time_seconds{worker="


def test_a_logout_takes_effect_in_every_worker(
    pair: tuple[Connection, ...], someone: Someone
) -> None:
    assert pair[0].ask("POST", "/auth/logout", someone.token)[0] == 204
    assert statuses(pair[::-1], someone.token) == [401, 401]


def test_a_disabling_takes_effect_in_every_worker(
    pair: tuple[Connection, ...], admin: str, someone: Someone
) -> None:
    assert pair[0].ask("POST", f"/admin/users/{someone.id}/disable", admin)[0] == 204
    assert statuses(pair[::-1], someone.token) == [401, 401]


def test_a_changed_role_takes_effect_in_every_worker(
    pair: tuple[Connection, ...], admin: str, someone: Someone
) -> None:
    here, there = pair
    roles = f"/admin/users/{someone.id}/roles"
    assert there.ask("GET", "/admin/users", someone.token)[0] == 403
    assert here.ask("PUT", roles, admin, roles=["admin", "member"])[0] == 200
    assert there.ask("GET", "/admin/users", someone.token)[0] == 200
    assert there.ask("PUT", roles, admin, roles=["member"])[0] == 200
    assert here.ask("GET", "/admin/users", someone.token)[0] == 403


def test_a_revoked_key_is_refused_in_every_worker(
    pair: tuple[Connection, ...], someone: Someone
) -> None:
    here, there = pair
    body = {"name": "A key", "scopes": ["profile:read"]}
    made = here.ask("POST", "/auth/api-keys", someone.token, **body)[1]
    assert [each.by_key(made["key"]) for each in (there, here)] == [200, 200]
    assert here.ask("DELETE", f"/auth/api-keys/{made['id']}", someone.token)[0] == 204
    assert [each.by_key(made["key"]) for each in (there, here)] == [401, 401]


def test_maintenance_closes_every_worker(
    pair: tuple[Connection, ...], admin: str, someone: Someone
) -> None:
    here, there = pair
    assert here.ask("POST", "/admin/maintenance", admin, enabled=True)[0] == 200
    closed = statuses(pair[::-1], someone.token), statuses(pair, admin)
    assert there.ask("POST", "/admin/maintenance", admin, enabled=False)[0] == 200
    assert closed == ([503, 503], [200, 200])
    assert statuses(pair, someone.token) == [200, 200]


def test_a_changed_profile_is_read_in_every_worker(
    pair: tuple[Connection, ...], someone: Someone
) -> None:
    here, there = pair
    for number in range(10):
        name = f"Name {number}"
        assert here.ask("PATCH", "/users/me", someone.token, name=name)[0] == 200
        assert there.ask("GET", "/users/me", someone.token)[1]["name"] == name


def test_a_command_beside_the_server_takes_effect_in_every_worker(
    folder: Path, reach: Callable[[], list[Connection]], someone: Someone
) -> None:
    run(folder, "user", "create-admin", "--email", someone.email, "--promote")
    workers = reach()
    assert statuses(workers, someone.token) == [401, 401]
    token = sign_in(workers[1], someone.email)
    assert [each.ask("GET", "/admin/users", token)[0] for each in workers] == [200, 200]


def test_keys_that_are_rotated_beside_the_server(
    folder: Path, reach: Callable[[], list[Connection]], someone: Someone
) -> None:
    printed = run(folder, "keys", "rotate")
    workers = reach()
    for each in workers:
        keys = each.send("GET", "/.well-known/jwks.json", {}, {})[1]["keys"]
        assert any(key["kid"] in printed for key in keys)
    assert statuses(workers, someone.token) == [200, 200]


def test_keys_that_are_withdrawn_beside_the_server(
    folder: Path, reach: Callable[[], list[Connection]], someone: Someone
) -> None:
    run(folder, "keys", "rotate", "--withdraw")
    workers = reach()
    assert statuses(workers, someone.token) == [401, 401]
    assert statuses(workers, sign_in(workers[0], someone.email)) == [200, 200]


def test_guesses_are_counted_together(workers: list[Connection], someone: Someone) -> None:
    wrong = {"email": someone.email, "password": "a wrong password"}
    answers = [workers[n % 2].ask("POST", "/auth/login", **wrong)[0] for n in range(5)]
    assert answers == [401] * 5
    assert [each.ask("POST", "/auth/login", **wrong)[0] for each in workers] == [429, 429]


def test_registrations_are_counted_together(workers: list[Connection]) -> None:
    asked = [workers[n % 2].ask("POST", "/auth/register", name="") for n in range(REGISTRATIONS)]
    assert [status for status, _ in asked] == [400] * REGISTRATIONS
    assert [each.ask("POST", "/auth/register", name="")[0] for each in workers] == [429, 429]


def test_general_limits_are_shared_out(workers: list[Connection], someone: Someone) -> None:
    """Each worker has received one request."""
    share = REQUESTS // 2
    for each in workers:
        answers = [each.ask("GET", "/users/me", someone.token)[0] for _ in range(share)]
        assert answers == [200] * (share - 1) + [429]


def test_figures_are_those_of_all_workers(workers: list[Connection], server: Served) -> None:
    eventually(lambda: len(workers[0].scrape(STARTED)) == len(workers[1].scrape(STARTED)) == 2)
    before = sum(workers[0].scrape(COUNTED))
    for number, each in enumerate(workers, start=1):
        for _ in range(5 * number):
            assert each.send("GET", "/health/live", {}, {})[0] == 200
        assert each.scrape(COUNTED)
    for _ in range(3):
        assert [sum(each.scrape(COUNTED)) for each in workers] == [before + 15] * 2


def test_no_figure_falls_when_a_worker_dies(tmp_path: Path) -> None:
    with serving(tmp_path, WORKERS="2") as served, ExitStack() as stack:
        served.address()
        killed, other = to_each(served, stack)
        assert killed.send("GET", "/health/live", {}, {})[0] == 200
        assert sum(killed.scrape(COUNTED)) == 1
        killed.worker(served).kill()
        eventually(lambda: "worker_died" in served.printed)
        eventually(lambda: len(other.scrape(STARTED)) == 2)
        assert [sum(each.scrape(COUNTED)) for each in (other, *to_each(served, stack))] == [1] * 3


@pytest.mark.engine
def test_a_response_announces_how_long_its_connection_may_be_idle(server: Served) -> None:
    with client_at(server.address()) as client:
        assert client.get("/users/me").headers["keep-alive"] == "timeout=90"


@pytest.mark.engine
def test_what_is_no_request_has_one_line(server: Served) -> None:
    port, before = int(server.address().rpartition(":")[2]), server.printed.count(REFUSED)
    with create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"NO REQUEST\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 400"
    eventually(lambda: server.printed.count(REFUSED) > before)
    assert "Invalid HTTP request" not in server.printed and "uvicorn" not in server.printed


def test_a_schedule_runs_once(server: Served, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "var/atrium.db", timeout=30)) as connection:
        names = eventually(lambda: connection.execute(NAMES).fetchall())
        connection.executescript(COUNT_STARTS)
        for expected in range(1, 4):
            with connection:
                connection.execute(MAKE_DUE)
            done = [(name, expected) for (name,) in names]
            assert eventually(partial(started, connection, done))
            sleep(1.5)  # each worker polls every second
            assert started(connection, done)
        connection.execute("DROP TRIGGER count_starts")


def started(connection: sqlite3.Connection, expected: list[tuple[str, int]]) -> bool:
    return connection.execute(STARTS).fetchall() == expected


NAMES = "SELECT name FROM core_schedules ORDER BY name"
MAKE_DUE = "UPDATE core_schedules SET next_at = '2000-01-01 00:00:00.000000' WHERE lease IS NULL"
STARTS = "SELECT name, count(*) FROM starts GROUP BY name ORDER BY name"
COUNT_STARTS = """
CREATE TABLE starts (name TEXT);
CREATE TRIGGER count_starts AFTER UPDATE OF lease ON core_schedules
WHEN NEW.lease IS NOT NULL BEGIN INSERT INTO starts VALUES (NEW.name); END;
"""


def test_all_end_together_when_asked_to(tmp_path: Path) -> None:
    with serving(tmp_path, WORKERS="2") as served:
        idle = Connection(served.address())
        assert idle.send("GET", "/health", {}, {})[0] == 200
        assert served.stop() == 0
        assert served.printed.count("Application shutdown complete.") == 2
        idle.close()


def test_several_that_start_at_once_prepare_once(tmp_path: Path) -> None:
    with serving(tmp_path) as one, serving(tmp_path) as other:
        for each in (one, other):
            with closing(Connection(each.address())) as connection:
                assert sign_in(connection, ADMIN_EMAIL)
        assert (one.printed + other.printed).count("First admin") == 1
        with closing(sqlite3.connect(tmp_path / "var/atrium.db")) as database:
            assert database.execute("SELECT count(*) FROM users").fetchone() == (1,)
        assert [one.stop(), other.stop()] == [0, 0]
