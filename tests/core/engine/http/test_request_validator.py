"""Requests that the outermost layer accepts, behind any server."""

from typing import Any

import pytest

from core.engine.http.asgi import Header
from core.engine.http.errors import (
    BadHost,
    BadUrl,
    HeadersTooLarge,
    Misdirected,
    RepeatedHeader,
    UnknownCoding,
    UriTooLong,
)
from core.engine.http.request_validator import RequestValidator
from core.kernel.errors import ProblemError

ADMISSION = RequestValidator(["Api.example.com", "127.0.0.1", "[::1]"])
HOST: Header = (b"host", b"api.example.com")


def read(*fields: Header, path: bytes = b"/", query: bytes = b"", **scope: Any) -> Any:
    given = {"headers": list(fields), "raw_path": path, "query_string": query}
    return ADMISSION.read({"http_version": "1.1", **given, **scope})


GOOD_HOSTS = [
    b"api.example.com", b"API.Example.COM", b"api.example.com.", b"api.example.com:8000",
    b"api.example.com.:443", b"127.0.0.1:8000", b"[::1]", b"[::1]:8000",
]  # fmt: skip


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_a_host_of_ours_is_served_in_any_case_and_on_any_port(host: bytes) -> None:
    for _ in range(2):  # the second result is cached
        assert read((b"host", host))[b"host"] == host


@pytest.mark.parametrize(
    "host",
    [b"evil.com", b"example.com", b"api.example.com.evil.com", b"xapi.example.com", b"[::2]"],
)
def test_another_host_is_misdirected(host: bytes) -> None:
    with pytest.raises(Misdirected):
        read((b"host", host))


@pytest.mark.parametrize(
    "host",
    [
        b"", b"api.example.com:evil", b"me@api.example.com", b"api.example.com/x?",
        b"api.example.com, evil.com", b"api.example.com evil.com", b"api.example.com:123456",
        b"[::1", b"api.example.com\xe9", b":8000",
    ],
)  # fmt: skip
def test_what_is_no_host_is_refused(host: bytes) -> None:
    with pytest.raises(BadHost):
        read((b"host", host))


@pytest.mark.parametrize("hosts", [[], [HOST, HOST], [HOST, (b"host", b"evil.com")]])
def test_there_must_be_exactly_one_host(hosts: list[Header]) -> None:
    with pytest.raises(BadHost):
        read(*hosts)


def test_another_header_cannot_stand_for_the_host() -> None:
    with pytest.raises(BadHost):
        read((b"x-forwarded-host", b"api.example.com"))


@pytest.mark.parametrize(
    "name",
    [b"authorization", b"x-api-key", b"content-type", b"idempotency-key", b"origin", b"range"],
)
def test_what_may_be_given_once_is_not_given_twice(name: bytes) -> None:
    with pytest.raises(RepeatedHeader, match=name.decode()):
        read(HOST, (name, b"a"), (name, b"a"))


def test_lists_may_be_given_in_parts() -> None:
    found = read(
        HOST,
        (b"if-match", b'"1"'), (b"if-match", b'"2"'),
        (b"cookie", b"a=1"), (b"cookie", b"b=2"),
    )  # fmt: skip

    assert found == {b"host": HOST[1], b"if-match": b'"1", "2"', b"cookie": b"a=1; b=2"}


def test_number_and_size_of_fields_are_limited() -> None:
    assert read(HOST, *[(b"x-%d" % number, b"") for number in range(99)])
    assert read(HOST, (b"x", b"x" * (16_384 - len(b"xhostapi.example.com"))))
    for fields in ([(b"x", b"")] * 100, [(b"x", b"x" * (16_385 - len(b"xhostapi.example.com")))]):
        with pytest.raises(HeadersTooLarge):
            read(HOST, *fields)


def test_the_length_of_the_address_is_limited() -> None:
    assert read(HOST, path=b"/".ljust(8_192, b"x"))
    assert read(HOST, path=b"/".ljust(4_096, b"x"), query=b"y" * 4_095)
    for path, query in ((b"/".ljust(8_193, b"x"), b""), (b"/".ljust(4_096, b"x"), b"y" * 4_096)):
        with pytest.raises(UriTooLong):
            read(HOST, path=path, query=query)


@pytest.mark.parametrize("text", [b"%", b"%z", b"%zz", b"a%4", b"%00", b"%0d%0a", b"%ff", b"%c3"])
def test_an_address_that_does_not_decode_to_text_is_refused(text: bytes) -> None:
    for place, value in (("path", b"/" + text), ("query", b"a=" + text)):
        with pytest.raises(BadUrl) as refused:
            read(HOST, **{place: value})
        assert [each.location for each in refused.value.errors] == [place]


def test_an_address_that_does_is_not() -> None:
    assert read(HOST, path=b"/%C3%A4%2Fb%252f", query=b"a=%F0%9F%98%80&b=100%25")


@pytest.mark.parametrize(
    ("coding", "version"), [(b"gzip", "1.1"), (b"gzip, chunked", "1.1"), (b"chunked", "1.0")]
)
def test_other_transfer_codings_are_refused(coding: bytes, version: str) -> None:
    with pytest.raises(UnknownCoding):
        read(HOST, (b"transfer-encoding", coding), http_version=version)


def test_what_the_server_refused_is_raised_and_every_refusal_ends_the_connection() -> None:
    with pytest.raises(UriTooLong):
        read(HOST, refusal=UriTooLong())
    kinds: list[type[ProblemError]] = [
        BadHost, BadUrl, HeadersTooLarge, Misdirected, RepeatedHeader, UnknownCoding, UriTooLong,
    ]  # fmt: skip
    assert {kind().headers["connection"] for kind in kinds} == {"close"}
