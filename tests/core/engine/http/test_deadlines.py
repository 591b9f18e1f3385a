"""Clients that send too slowly, and connections that are idle."""

from time import sleep

import pytest

from tests.core.engine.http.raw import RawConnection, head
from tests.core.engine.http.servers import connection, hasty, patient_server, server

__all__ = ["connection", "hasty", "patient_server", "server"]


def test_an_answer_says_how_long_its_connection_is_kept(
    connection: RawConnection, hasty: RawConnection
) -> None:
    assert connection.get("/").headers["keep-alive"] == "timeout=75"
    assert hasty.get("/").headers["keep-alive"] == "timeout=1"

    last = connection.get("/", "Connection: close").headers
    assert (last["connection"], "keep-alive" in last) == ("close", False)


def test_header_fields_that_do_not_end_in_time_are_given_up(hasty: RawConnection) -> None:
    answer = hasty.send(b"GET / HTTP/1.1\r\nHost: te").answer()

    assert (answer.status, answer.problem["code"]) == (408, "http.request_timeout")
    assert hasty.is_closed()


def test_dripping_header_fields_do_not_win_time(hasty: RawConnection) -> None:
    hasty.send(b"GET / HTTP/1.1\r\n")
    for _ in range(10):
        sleep(0.05)
        hasty.send(b"X: y\r\n")

    assert hasty.answer().status == 408


def test_a_body_that_pauses_too_long_is_given_up(hasty: RawConnection) -> None:
    answer = hasty.send(head("POST", "/echo", "Content-Length: 9"), b"abc").answer()

    assert (answer.status, answer.problem["code"]) == (408, "http.request_timeout")
    assert hasty.is_closed()


def test_a_body_that_drips_is_given_up(hasty: RawConnection) -> None:
    hasty.send(head("POST", "/echo", "Content-Length: 1000"))
    for _ in range(20):
        hasty.send(b"x")
        sleep(0.05)

    assert hasty.answer().status == 408


def test_a_body_that_keeps_pace_may_take_longer_than_a_window(hasty: RawConnection) -> None:
    hasty.send(head("POST", "/echo", "Content-Length: 10000"))
    for _ in range(20):
        hasty.send(b"x" * 500)
        sleep(0.05)

    assert len(hasty.answer().body) == 10_000


def test_what_is_left_of_a_refused_body_must_come_in_time(hasty: RawConnection) -> None:
    assert hasty.send(head("POST", "/refuse", "Content-Length: 9"), b"a").answer().status == 403
    assert hasty.is_closed()


@pytest.mark.parametrize("before", [b"", head("GET", "/")], ids=["new", "after an answer"])
def test_an_idle_connection_is_closed(before: bytes, hasty: RawConnection) -> None:
    if before:
        hasty.send(before).answer()

    assert hasty.is_closed()


def test_a_long_answer_does_not_count_as_idle(hasty: RawConnection) -> None:
    assert hasty.get("/slow/1").status == 200
    assert hasty.get("/").status == 200
