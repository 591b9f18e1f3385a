"""Clients that do not read their responses, and the number of connections per client."""

from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_network
from time import sleep

import pytest

from core.engine.http.connections import OpenConnections
from tests.core.engine.http.raw import Answer, RawConnection, connect, eventually, head
from tests.core.engine.http.served import Serving, served

pytestmark = pytest.mark.process

SMALL = 4_096
MUCH = 16_000_000
LITTLE_MORE = 6_000_000
"""A size in bytes that exceeds the socket buffers of the kernel."""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """Yield a server with deadlines in tenths of a second; 20 connections, 10 per client."""
    with served() as serving:
        yield serving


@pytest.fixture
def reader(server: Serving) -> Iterator[RawConnection]:
    with connect(server.port, buffer=SMALL) as connection:
        yield connection


HOW = ["much", "pieces"]
"""A body in one part, whose handler ends at once, and one in many, whose handler waits."""


@pytest.mark.parametrize("field", ["X: y", "Connection: close"])
@pytest.mark.parametrize("how", HOW)
def test_a_client_that_takes_nothing_of_its_answer_is_given_up(
    how: str, field: str, reader: RawConnection
) -> None:
    reader.send(head("GET", f"/{how}/{MUCH}", field))

    assert reader.is_reset()


@pytest.mark.parametrize("how", HOW)
def test_one_that_stops_taking_it_is_given_up(how: str, reader: RawConnection) -> None:
    reader.send(head("GET", f"/{how}/{MUCH}")).take(1_000_000)

    assert reader.is_reset()


def test_one_that_takes_next_to_nothing_is_given_up(reader: RawConnection) -> None:
    reader.send(head("GET", f"/pieces/{MUCH}"))
    for _ in range(100):
        reader.take(10)
        if reader.is_reset(within_s=0.05):
            return
    raise AssertionError("it still gets its answer")


@pytest.mark.parametrize("field", ["X: y", "Connection: close"])
@pytest.mark.parametrize("how", HOW)
def test_one_that_takes_it_slowly_gets_all_of_it(how: str, field: str, server: Serving) -> None:
    """The response takes longer than each of the deadlines."""
    with connect(server.port, buffer=65_536) as reader:
        reader.send(head("GET", f"/{how}/{LITTLE_MORE}", field))
        for _ in range(40):
            reader.take(100_000)
            sleep(0.05)
        reader.take(LITTLE_MORE - 40 * 100_000)  # raises EOFError where it is cut off
        assert not reader.is_reset(within_s=0) or "close" in field


def test_a_connection_goes_on_after_a_slow_answer() -> None:
    """The keep-alive deadline is longer than the last bytes take on a busy machine."""
    with served("--unhurried") as server, connect(server.port, buffer=SMALL) as reader:
        reader.send(head("GET", f"/much/{LITTLE_MORE}"))
        sleep(1.2)  # after the first measurement of the client's rate

        assert len(reader.answer().body) == LITTLE_MORE
        assert reader.get("/").status == 200


@pytest.mark.parametrize("how", HOW)
def test_a_client_that_pipelines_and_leaves_is_no_error(how: str) -> None:
    with served("--patient") as server:
        with connect(server.port, buffer=SMALL) as leaving:
            leaving.send(head("GET", f"/{how}/{MUCH}") + head("GET", "/seen")).take(1_000_000)
        with connect(server.port) as other:
            assert other.get("/slow/0.3").body == b"slow"
        server.process.terminate()  # which waits for the handler of the first request
        _, logged = server.process.communicate(timeout=15)
    assert (server.process.returncode, logged) == (0, "")


@pytest.mark.parametrize("how", HOW)
def test_a_client_that_reads_nothing_is_not_waited_for_at_the_end(how: str) -> None:
    """Other clients receive their complete responses meanwhile."""
    with (
        served("--patient") as server,
        connect(server.port, buffer=SMALL) as stalled,
        connect(server.port, buffer=65_536) as living,
    ):
        stalled.send(head("GET", f"/{how}/{MUCH}"))
        living.send(head("GET", f"/{how}/{LITTLE_MORE}"))
        living.take(100_000)
        server.process.terminate()
        for _ in range(40):
            living.take(100_000)
            sleep(0.05)

        assert len(living.rest()) >= LITTLE_MORE - 4_100_000
        assert stalled.is_reset()
        printed, _ = server.process.communicate(timeout=15)  # it would wait for 25 s
    assert (server.process.returncode, printed) == (0, "closed\n")


def stalling(stack: ExitStack, server: Serving, number: int, source: str) -> None:
    """Send headers without an end, so that the connections stay open until the deadline."""
    for _ in range(number):
        connection = stack.enter_context(connect(server.port, source=source))
        connection.send(b"GET /slow/3 HTTP/1.1\r\n")


def refused(server: Serving, stack: ExitStack, source: str = "127.0.0.1") -> Answer | None:
    answer = stack.enter_context(connect(server.port, source=source)).get("/")
    return answer if answer.status == 503 else None


def has_room(server: Serving, source: str = "127.0.0.1") -> bool:
    with connect(server.port, source=source) as connection:
        return connection.get("/").status == 200


def test_connections_in_excess_are_told_so_and_room_returns(server: Serving) -> None:
    """The connections are those of a trusted proxy, which has no limit of its own."""
    with ExitStack() as stack:
        stalling(stack, server, 20, "127.0.0.3")
        excess = eventually(lambda: refused(server, stack, "127.0.0.3"))

        assert excess.problem["code"] == "http.too_many_connections"
        assert (excess.headers["retry-after"], excess.headers["connection"]) == ("1", "close")
    assert eventually(lambda: has_room(server))


def test_one_client_leaves_room_for_others(server: Serving) -> None:
    with ExitStack() as stack:
        stalling(stack, server, 25, "127.0.0.1")

        excess = eventually(lambda: refused(server, stack))
        assert excess.problem["code"] == "http.too_many_connections"
        assert has_room(server, "127.0.0.2")
    assert eventually(lambda: has_room(server))


def test_an_ipv6_client_is_its_network_of_64_bits() -> None:
    connections = OpenConnections()

    assert connections.enter("2001:db8::1", most=9, share=2)
    assert connections.enter("2001:db8::2", most=9, share=2)
    assert not connections.enter("2001:db8::3", most=9, share=2)
    assert connections.enter("2001:db8:0:1::1", most=9, share=2)
    assert connections.enter("::ffff:192.0.2.1", most=9, share=1)
    assert not connections.enter("192.0.2.1", most=9, share=1)
    connections.leave("2001:db8::1")
    assert connections.enter("2001:db8::3", most=9, share=2)


def test_a_trusted_proxy_may_have_all_of_them() -> None:
    connections = OpenConnections([ip_network("10.0.0.0/8")])

    assert all(connections.enter("10.1.2.3", most=9, share=2) for _ in range(9))
    assert not connections.enter("10.1.2.3", most=9, share=2)
