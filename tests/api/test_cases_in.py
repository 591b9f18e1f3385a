"""Compressed bodies, and numbers outside every range (IN in cases.md)."""

from gzip import compress

from core.testing import TestUser

ME = "/api/v1/users/me"


async def test_a_compressed_body_is_not_unpacked(user: TestUser) -> None:
    """IN-08: neither a bomb nor a small body, with one or several layers of compression."""
    before = (await user.client.get(ME)).json()
    bomb = compress(b'{"age": 7' + b" " * 10_000_000 + b"}")
    for content, encoding in (
        (bomb, "gzip"),
        (compress(b'{"age": 7}'), "gzip"),
        (compress(compress(b'{"age": 7}')), "gzip, gzip"),
        (b'{"age": 7}', "br"),
        (b'{"age": 7}', "deflate"),
    ):
        headers = {"content-type": "application/json", "content-encoding": encoding}
        answer = await user.client.patch(ME, content=content, headers=headers)
        assert answer.status_code == 415, (encoding, answer.text)
    assert (await user.client.get(ME)).json() == before


async def test_numbers_that_are_none_of_ours(user: TestUser) -> None:
    """IN-05."""
    before = (await user.client.get(ME)).json()
    for number in ("NaN", "Infinity", "-Infinity", "1e400", "1e-400", "9007199254740993",
                   str(2**63), str(2**64), "9" * 5000, "1.5", '"1"', "true", "01", "+1", "0x1",
                   "1_0", "-"):  # fmt: skip
        content = b'{"age": ' + number.encode() + b"}"
        headers = {"content-type": "application/json"}
        answer = await user.client.patch(ME, content=content, headers=headers)
        assert answer.status_code == 400, number[:20]
    assert (await user.client.get(ME)).json() == before
