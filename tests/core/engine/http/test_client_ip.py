"""The client IP of a request: only a trusted proxy can set it."""

from ipaddress import ip_network

import pytest

from core.engine.http.client_ip import ClientIp

BEHIND_PROXIES = ClientIp([ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")])


def of(peer: str, forwarded: bytes | None = None, **others: bytes) -> str:
    headers = {name.replace("_", "-").encode(): value for name, value in others.items()}
    if forwarded is not None:
        headers[b"x-forwarded-for"] = forwarded
    return BEHIND_PROXIES.of({"client": (peer, 1234)}, headers)


def test_the_peer_counts_without_proxies() -> None:
    address = ClientIp([]).of({"client": ("10.0.0.1", 1)}, {b"x-forwarded-for": b"192.0.2.1"})

    assert address == "10.0.0.1"


def test_a_peer_that_is_no_proxy_is_not_believed() -> None:
    assert of("192.0.2.9", b"192.0.2.1") == "192.0.2.9"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (b"192.0.2.1", "192.0.2.1"),
        (b"198.51.100.66, 192.0.2.1", "192.0.2.1"),  # the left one is forged
        (b"198.51.100.66, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
        (b"10.9.9.9, 192.0.2.1,2001:db8::7", "192.0.2.1"),
        (b"10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (b"192.0.2.1:4711", "192.0.2.1"),
        (b"[2001:DB9::1]:4711", "2001:db9::1"),
        (b"2001:db9:0:0::1", "2001:db9::1"),
        (b"fe80::1%eth0", "fe80::1"),
        (b"::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_behind_proxies_the_rightmost_other_address_counts(forwarded: bytes, address: str) -> None:
    for _ in range(2):  # the second result is cached
        assert of("10.0.0.1", forwarded) == address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (None, "10.0.0.1"),
        (b"", "10.0.0.1"),
        (b", ,", "10.0.0.1"),
        (b"unknown", "10.0.0.1"),
        (b"_hidden, 10.0.0.2", "10.0.0.2"),
        (b"192.0.2.1, 1.2.3, 10.0.0.2", "10.0.0.2"),
        (b"192.0.2.1\xff", "10.0.0.1"),
        (b"9" * 5000, "10.0.0.1"),
    ],
)
def test_nonsense_ends_the_way_to_the_client(forwarded: bytes | None, address: str) -> None:
    assert of("10.0.0.1", forwarded) == address


def test_no_other_header_is_read() -> None:
    others = {"forwarded": b"for=192.0.2.1", "x_real_ip": b"192.0.2.1"}

    assert of("10.0.0.1", **others) == "10.0.0.1"


def test_a_dual_stack_socket_and_one_without_addresses() -> None:
    assert of("::ffff:10.0.0.1", b"192.0.2.1") == "192.0.2.1"
    assert of("::ffff:192.0.2.9") == "192.0.2.9"
    assert BEHIND_PROXIES.of({"client": None}, {}) == ""
