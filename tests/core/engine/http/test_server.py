"""The start and the stop of the process, and its workers."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engine.http.server import CannotListen, listen
from tests.core.engine.http.raw import Answer, RawConnection, connect, eventually, head
from tests.core.engine.http.served import Serving, served

pytestmark = pytest.mark.process


@pytest.fixture
def server() -> Iterator[Serving]:
    with served("--patient") as serving:
        yield serving


def end(server: Serving) -> tuple[int, str]:
    """Stop the server, and return its exit status and its output since it was ready."""
    printed, _ = server.process.communicate(timeout=15)
    return server.process.returncode, printed


def pid_of_worker(port: int) -> int:
    with connect(port) as connection:
        return int(connection.get("/").body)


def begin(connection: RawConnection, path: str, size: int = 1) -> RawConnection:
    """Send a request without its body, and wait until its handler has it."""
    fields = ("Expect: 100-continue", f"Content-Length: {size}")
    assert connection.send(head("POST", path, *fields)).answer().status == 100
    return connection


def is_refused(port: int) -> bool:
    try:
        with connect(port):
            return False
    except ConnectionError:
        return True


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_asked_to_and_that_is_no_failure(stop: int, server: Serving) -> None:
    server.process.send_signal(stop)

    assert end(server) == (0, "closed\n")


def test_requests_in_flight_are_finished_and_no_others_begun(server: Serving) -> None:
    with connect(server.port) as idle, connect(server.port) as busy:
        idle.get("/")
        begin(busy, "/slow/0.5").send(b"x")
        server.process.terminate()

        assert idle.is_closed()
        assert eventually(lambda: is_refused(server.port))
        answer = busy.answer()

    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert end(server) == (0, "closed\n")


def test_an_upload_in_flight_is_finished(server: Serving) -> None:
    with connect(server.port) as connection:
        begin(connection, "/echo", 200_000).send(b"x" * 100_000)
        server.process.terminate()
        assert eventually(lambda: is_refused(server.port))

        answer = connection.send(b"x" * 100_000).answer()

    assert (len(answer.body), answer.headers["connection"]) == (200_000, "close")


def test_a_request_that_takes_too_long_is_given_up_but_the_rest_is_closed_well() -> None:
    with served("--patient", "--grace=1") as server, connect(server.port) as connection:
        begin(connection, "/slow/60").send(b"x")
        server.process.terminate()

        assert end(server) == (0, "closed\n")


def test_a_request_that_hangs_in_a_thread_does_not_keep_the_process() -> None:
    with (
        served("--patient", "--grace=1", "--margin=1") as server,
        connect(server.port) as connection,
    ):
        begin(connection, "/hang/60").send(b"x")
        server.process.terminate()

        assert end(server)[0] == 1


def test_a_second_signal_does_not_wait(server: Serving) -> None:
    with connect(server.port) as connection:
        begin(connection, "/slow/60").send(b"x")
        server.process.terminate()
        assert eventually(lambda: is_refused(server.port))
        server.process.terminate()

        assert end(server) == (0, "")


def says_it_stops(port: int) -> bool:
    with connect(port) as connection:
        return connection.get("/stopping").body == b"True"


def test_the_server_first_only_says_that_it_stops() -> None:
    with served("--patient", "--delay=60") as server, connect(server.port) as before:
        before.get("/")
        server.process.terminate()
        assert eventually(lambda: says_it_stops(server.port))

        answers = [before.get("/"), *(connect_and_get(server.port) for _ in range(5))]
        assert {each.status for each in answers} == {200}
        server.process.terminate()  # and another signal ends the wait

        assert before.is_closed()
        assert end(server) == (0, "closed\n")


def connect_and_get(port: int) -> Answer:
    with connect(port) as connection:
        return connection.get("/")


def test_the_while_ends_by_itself() -> None:
    with served("--patient", "--delay=1") as server:
        server.process.terminate()
        assert eventually(lambda: says_it_stops(server.port))

        assert end(server) == (0, "closed\n")


def test_workers_wait_likewise_and_another_signal_ends_that() -> None:
    with served("--patient", "--workers=2", "--delay=60") as pair:
        both_workers(pair)
        pair.process.terminate()

        assert eventually(lambda: all(says_it_stops(pair.port) for _ in range(20)))
        pair.process.terminate()
        assert end(pair) == (0, "closed\n" * 2)


def test_an_application_that_does_not_start_is_a_failure() -> None:
    with served(FAIL_AT="startup") as server:
        assert end(server) == (1, "")


def test_a_port_in_use_is_told_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotListen, match=f"HOST=127.0.0.1 PORT={port}: stop it, or choose"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_of_another_machine_is_told_in_one_sentence(host: str) -> None:
    with pytest.raises(CannotListen, match=f"HOST={host} .* correct HOST"):
        listen(host, 0)


@pytest.fixture
def pair() -> Iterator[Serving]:
    with served("--patient", "--workers=2") as serving:
        yield serving


def workers(server: Serving) -> set[int]:
    return {pid_of_worker(server.port) for _ in range(10)}


def both_workers(server: Serving) -> set[int]:
    found: set[int] = eventually(lambda: len(pids := workers(server)) == 2 and pids)
    return found


def test_two_workers_serve_one_port_and_stop_together(pair: Serving) -> None:
    pids = both_workers(pair)
    pair.process.send_signal(signal.SIGINT)

    assert end(pair) == (0, "closed\n" * 2)
    assert not any(is_running(pid) for pid in pids)


def test_a_killed_worker_is_replaced(pair: Serving) -> None:
    killed, other = both_workers(pair)
    os.kill(killed, signal.SIGKILL)

    assert eventually(lambda: both_workers(pair) - {killed, other})
    assert other in both_workers(pair)


def test_workers_finish_what_is_in_flight(pair: Serving) -> None:
    with connect(pair.port) as first, connect(pair.port) as second:
        for connection in (first, second):
            begin(connection, "/slow/0.5").send(b"x")
        pair.process.terminate()

        assert [first.answer().status, second.answer().status] == [200, 200]
    assert end(pair)[0] == 0


def test_a_second_signal_kills_the_workers(pair: Serving) -> None:
    with connect(pair.port) as connection:
        begin(connection, "/slow/60").send(b"x")
        pair.process.terminate()
        assert eventually(lambda: is_refused(pair.port))
        pair.process.terminate()

        assert end(pair)[0] == 0


def test_workers_do_not_outlive_their_parent(pair: Serving) -> None:
    pids = both_workers(pair)
    pair.process.kill()

    assert eventually(lambda: not any(is_running(pid) for pid in pids))


def test_workers_that_do_not_start_end_the_parent() -> None:
    with served("--workers=2", FAIL_AT="startup") as server:
        assert end(server)[0] == 1


def test_a_changed_source_file_starts_it_anew_and_it_greets_once(tmp_path: Path) -> None:
    with served("--patient", f"--reload={tmp_path}") as server:
        before = pid_of_worker(server.port)
        (tmp_path / "changed.py").touch()

        assert eventually(lambda: pid_of_worker(server.port) != before)
        server.process.terminate()
        assert end(server) == (0, "closed\n" * 2)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
