"""What the server does with requests that are too large, too slow, or mean two things."""

from collections.abc import Iterator
from threading import Thread
from time import sleep

import pytest

from core.engine.http.protocol import MAX_WAITING
from tests.core.engine.http.raw import RawConnection, connect, head
from tests.core.engine.http.served import Serving, served

POST = b"POST /echo HTTP/1.1\r\nHost: test\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /mark/smuggled HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """Deadlines are tenths of a second."""
    with served() as serving:
        yield serving


@pytest.fixture(scope="module")
def patient_server() -> Iterator[Serving]:
    """Deadlines are as shipped, so that none passes by chance."""
    with served("--patient") as serving:
        yield serving


@pytest.fixture
def hasty(server: Serving) -> Iterator[RawConnection]:
    with connect(server.port) as connection:
        yield connection


@pytest.fixture
def connection(patient_server: Serving) -> Iterator[RawConnection]:
    with connect(patient_server.port) as connection:
        yield connection


def seen(server: Serving) -> list[str]:
    with connect(server.port) as connection:
        return connection.get("/seen").body.decode().split()


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


def test_an_answer_says_how_long_its_connection_is_kept(
    connection: RawConnection, hasty: RawConnection
) -> None:
    assert connection.get("/").headers["keep-alive"] == "timeout=75"
    assert hasty.get("/").headers["keep-alive"] == "timeout=1"

    last = connection.get("/", "Connection: close").headers
    assert (last["connection"], "keep-alive" in last) == ("close", False)


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
    """Such as load balancers ask."""
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


def test_continue_is_said_only_when_the_body_is_wanted(connection: RawConnection) -> None:
    fields = ("Expect: 100-continue", "Content-Length: 3")

    assert connection.send(head("POST", "/echo", *fields)).answer().status == 100
    assert connection.send(b"abc").answer().body == b"abc"
    assert connection.send(head("POST", "/refuse", *fields)).answer().status == 403


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
