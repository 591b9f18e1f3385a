"""Header fields, URLs and bodies of the allowed size, and larger ones."""

import pytest

from tests.core.engine.http.raw import RawConnection, head
from tests.core.engine.http.served import Serving
from tests.core.engine.http.servers import CHUNKED, SMUGGLED, connection, patient_server, seen

__all__ = ["connection", "patient_server"]

LARGE = {
    "one of 17 KB": [b"X: " + b"x" * 17_000 + b"\r\n"],
    "one of 70 KB": [b"X: " + b"x" * 70_000 + b"\r\n"],
    "one of 8 MB": [b"X: " + b"x" * 8_000_000],
    "cookie of 64 KB": [b"Cookie: " + b"c=1; " * 13_000 + b"\r\n"],
    "100 besides Host": [b"X: y\r\n" * 100],
    "5000 fields": [b"X: y\r\n" * 5000],
    "8 MB bit by bit": [b"X: y\r\n" * 5000] * 260,
}


@pytest.mark.parametrize("fields", LARGE.values(), ids=LARGE)
def test_too_many_or_too_large_fields_are_refused(
    fields: list[bytes], connection: RawConnection
) -> None:
    answer = connection.send(b"GET / HTTP/1.1\r\nHost: test\r\n", *fields, b"\r\n").answer()

    assert (answer.status, answer.problem["code"]) == (431, "http.headers_too_large")
    assert answer.headers["connection"] == "close"
    assert connection.is_closed()


def test_as_many_fields_as_allowed_are_served(connection: RawConnection) -> None:
    assert connection.get("/", *["X: " + "x" * 150] * 99).status == 200


@pytest.mark.parametrize("size", [8_193, 40_000, 100_000])
def test_an_address_that_is_too_long_is_refused(size: int, connection: RawConnection) -> None:
    answer = connection.get("/".ljust(size, "x"))

    assert (answer.status, answer.problem["code"]) == (414, "http.uri_too_long")
    assert connection.is_closed()


def test_an_address_as_long_as_allowed_is_served(connection: RawConnection) -> None:
    assert connection.get("/".ljust(8_192, "x")).status == 200


NO_BODY = {
    "extension of a chunk": b"3;" + b"x" * 65_536 + b"\r\nabc\r\n0\r\n\r\n",
    "trailers": b"0\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
}


@pytest.mark.parametrize("rest", NO_BODY.values(), ids=NO_BODY)
def test_what_is_in_a_body_and_no_body_is_limited(rest: bytes, connection: RawConnection) -> None:
    assert connection.send(CHUNKED + rest).answer().status == 431
    assert connection.is_closed()


def test_a_large_body_is_read_whole_and_the_connection_goes_on(connection: RawConnection) -> None:
    body = bytes(range(256)) * 4_000
    sized = head("POST", "/echo", f"Content-Length: {len(body)}") + body
    chunked = CHUNKED + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"

    assert connection.send(sized).answer().body == body
    assert connection.send(chunked).answer().body == body
    assert connection.get("/").status == 200


def test_what_is_left_of_a_small_refused_body_is_taken_in(connection: RawConnection) -> None:
    answer = connection.send(head("POST", "/refuse", "Content-Length: 44"), b"abc").answer()

    assert (answer.status, answer.headers["connection"]) == (403, "keep-alive")
    connection.send(SMUGGLED[:41])
    assert connection.get("/seen").body == b""


@pytest.mark.parametrize(
    "field", ["Content-Length: 100000000", "Transfer-Encoding: chunked", "Expect: 100-continue"]
)
def test_a_refused_body_still_to_come_ends_the_connection(
    field: str, connection: RawConnection, patient_server: Serving
) -> None:
    length = () if "Length" in field or "chunked" in field else ("Content-Length: 44",)
    answer = connection.send(head("POST", "/refuse", field, *length)).answer()

    assert (answer.status, answer.headers["connection"]) == (403, "close")
    connection.send(SMUGGLED)
    assert connection.is_closed()
    assert "smuggled" not in seen(patient_server)


def test_who_sends_a_large_body_without_looking_still_reads_its_refusal(
    connection: RawConnection,
) -> None:
    request = head("POST", "/refuse", "Content-Length: 32000000")

    assert connection.send(request, *[b"x" * 1_000_000] * 32).answer().status == 403
