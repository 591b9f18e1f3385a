"""Ambiguous requests, and connections that stay open."""

from threading import Thread

import pytest

from core.engine.http.protocol import MAX_WAITING
from tests.core.engine.http.raw import RawConnection, connect, head
from tests.core.engine.http.served import Serving
from tests.core.engine.http.servers import CHUNKED, POST, SMUGGLED, connection, patient_server, seen

__all__ = ["connection", "patient_server"]

AMBIGUOUS = {
    "length and chunks": POST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "chunks and length": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + SMUGGLED,
    "list of lengths": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "length +3": POST + b"Content-Length: +3\r\n\r\nabc",
    "length -1": POST + b"Content-Length: -1\r\n\r\n",
    "length 0x3": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "space before colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "identity after chunked": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "compressed": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /echo HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: test\n\n",
    "bare carriage return": b"GET / HTTP/1.1\r\nHost: test\rX: y\r\n\r\n",
    "folded field": b"GET / HTTP/1.1\r\nHost: test\r\nX: y\r\n z\r\n\r\n",
    "NUL in a field": b"GET / HTTP/1.1\r\nHost: test\r\nX: y\x00z\r\n\r\n",
    "bad end of chunk": CHUNKED + b"3\r\nabcXX0\r\n\r\n",
    "chunk of 2^68 bytes": CHUNKED + b"100000000000000000\r\nabc",
    "space after chunk size": CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/0.9 with fields": b"GET /\r\nHost: test\r\n\r\n",
    "HTTP/2": b"GET / HTTP/2.0\r\nHost: test\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "unknown method": b"FOO / HTTP/1.1\r\nHost: test\r\n\r\n",
    "CONNECT": b"CONNECT test:443 HTTP/1.1\r\nHost: test\r\n\r\n",
    "another host in the address": b"GET http://evil/ HTTP/1.1\r\nHost: test\r\n\r\n",
    "a user in the address": b"GET http://me@test/ HTTP/1.1\r\nHost: test\r\n\r\n",
    "fragment": b"GET /x#y HTTP/1.1\r\nHost: test\r\n\r\n",
    "space in the address": b"GET /x y HTTP/1.1\r\nHost: test\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: test\r\nHost: test\r\n\r\n",
    "a path in Host": b"GET / HTTP/1.1\r\nHost: test/x?\r\n\r\n",
    "upgrade with a body": POST
    + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED)
    + SMUGGLED,
}


@pytest.mark.parametrize("request_", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_has_two_meanings_is_refused_and_nothing_behind_it_is_read(
    request_: bytes, connection: RawConnection, patient_server: Serving
) -> None:
    answer = connection.send(request_).answer()

    assert answer.status == 400
    assert answer.problem["instance"] == f"/requests/{answer.headers['x-request-id']}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["connection"] == "close"
    connection.send(SMUGGLED)
    assert connection.is_closed()
    assert "smuggled" not in seen(patient_server)


def test_a_handler_does_not_run_when_its_request_turns_out_wrong_in_the_same_read(
    connection: RawConnection, patient_server: Serving
) -> None:
    wrong = b"POST /mark/wrong HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nX\r\n"

    assert connection.send(wrong).answer().status == 400
    assert "wrong" not in seen(patient_server)


def test_trailers_are_no_header_fields(connection: RawConnection) -> None:
    answer = connection.send(CHUNKED + b"3\r\nabc\r\n0\r\nHost: evil\r\n\r\n").answer()

    assert (answer.status, answer.body) == (200, b"abc")


def test_an_absolute_address_of_this_host_and_an_asterisk_are_served(
    connection: RawConnection,
) -> None:
    assert connection.get("http://test").status == 200
    assert connection.get("http://test/echo?x=1").status == 200
    assert connection.send(head("OPTIONS", "*")).answer().status == 200


def test_pipelined_requests_are_answered_in_order_and_a_broken_one_ends_them(
    connection: RawConnection,
) -> None:
    connection.send(head("GET", "/slow/0.1") + head("GET", "/seen") + b"GARBAGE\r\n\r\n")

    assert connection.answer().body == b"slow"
    assert connection.answer().headers["connection"] == "close"
    assert connection.is_closed()


PIPELINED = {
    "small": ([head("GET", f"/echo/{n}") for n in range(3_000)], [b""] * 3_000),
    "smallest": ([b"GET / HTTP/1.1\r\n\r\n"] * 900, None),
    "with bodies": (
        [head("POST", "/echo", "Content-Length: 9") + b"%09d" % n for n in range(1_500)],
        [b"%09d" % n for n in range(1_500)],
    ),
    "with chunks": (
        [CHUNKED + b"4\r\n%04d\r\n0\r\n\r\n" % n for n in range(1_500)],
        [b"%04d" % n for n in range(1_500)],
    ),
    "behind a large body": (
        [head("POST", "/echo", "Content-Length: 70000") + b"x" * 70_000]
        + [head("GET", "/echo")] * 1_500,
        [b"x" * 70_000] + [b""] * 1_500,
    ),
}


@pytest.mark.parametrize(("requests", "bodies"), PIPELINED.values(), ids=PIPELINED)
def test_few_pipelined_requests_wait_and_all_are_answered_in_order(
    requests: list[bytes],
    bodies: list[bytes] | None,
    connection: RawConnection,
    patient_server: Serving,
) -> None:
    first = head("GET", "/slow/0.3")
    sender = Thread(target=connection.send, args=(first + b"".join(requests),))
    sender.start()

    assert connection.answer().body == b"slow"
    if bodies is None:  # each lacks a Host: the first refusal ends the connection
        assert connection.answer().status == 400
        assert connection.is_closed()
    else:
        assert [connection.answer().body for _ in requests] == bodies
    sender.join()
    with connect(patient_server.port) as other:
        assert 0 < int(other.get("/waiting").body) <= MAX_WAITING


def test_http_1_0_keeps_the_connection_where_it_asks_for_that(connection: RawConnection) -> None:
    request = b"%s /echo HTTP/1.0\r\nHost: test\r\nConnection: Keep-Alive\r\n"
    kept = [
        connection.send(request % b"GET" + b"\r\n").answer(),
        connection.send(request % b"POST" + b"Content-Length: 3\r\n\r\nabc").answer(),
        connection.send(request % b"GET" + b"\r\n").answer(),
    ]
    assert [each.body for each in kept] == [b"", b"abc", b""]
    assert {each.headers["connection"] for each in kept} == {"keep-alive"}

    last = connection.send(b"GET /echo HTTP/1.0\r\nHost: test\r\n\r\n").answer()
    assert (last.status, last.headers["connection"]) == (200, "close")
    assert connection.is_closed()


@pytest.mark.parametrize("field", [b"", b"Connection: keep-alive\r\n"])
def test_http_1_0_gets_no_chunks(field: bytes, connection: RawConnection) -> None:
    connection.send(b"GET /unsized/abc HTTP/1.0\r\nHost: test\r\n" + field + b"\r\n")
    head, _, body = connection.rest().partition(b"\r\n\r\n")

    assert b"connection: close" in head and b"transfer-encoding" not in head
    assert body == b"abc"


@pytest.mark.parametrize("fields", [b"", b"Host: 10.0.0.5:8000\r\n", b"Host: a/b?\r\n"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_path_for_any_host_is_served_without_one(
    version: bytes, fields: bytes, connection: RawConnection
) -> None:
    """Load balancers send such requests."""
    line = b"GET %s HTTP/" + version + b"\r\n" + fields + b"\r\n"
    assert connection.send(line % b"/echo/health/ready").answer().status == 200


@pytest.mark.parametrize("path", [b"/echo/healthy", b"/echo", b"/echo/x/../health"])
def test_no_other_path_is(path: bytes, connection: RawConnection) -> None:
    assert connection.send(b"GET " + path + b" HTTP/1.0\r\n\r\n").answer().status == 400


def test_an_answer_that_fails_half_way_is_cut(connection: RawConnection) -> None:
    with pytest.raises(EOFError):
        connection.get("/fail")


def test_an_upgrade_nobody_offers_is_answered_as_if_not_asked_for(
    connection: RawConnection,
) -> None:
    answer = connection.get("/", "Connection: upgrade", "Upgrade: websocket")

    assert (answer.status, answer.headers["connection"]) == (200, "close")


def test_continue_is_said_only_when_the_body_is_wanted(connection: RawConnection) -> None:
    fields = ("Expect: 100-continue", "Content-Length: 3")

    assert connection.send(head("POST", "/echo", *fields)).answer().status == 100
    assert connection.send(b"abc").answer().body == b"abc"
    assert connection.send(head("POST", "/refuse", *fields)).answer().status == 403
