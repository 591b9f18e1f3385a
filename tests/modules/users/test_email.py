"""IN-16: one account per canonical form of an e-mail address, which is stored as it was entered."""

import pytest
from httpx import Response

from core.testing import PASSWORD, TestUser, sign_in
from modules.users.email import as_written, email_key
from tests.modules.users.asking import USERS, code, wrong

SAME = [
    ("a@example.com", "A@EXAMPLE.COM"),
    ("a@example.com", " a@example.com "),
    ("jos\u00e9@example.com", "jose\u0301@example.com"),
    ("\u212a@example.com", "k@example.com"),
    ("\u0130@example.com", "i@example.com"),
    ("\u00c9T\u00c9@example.com", "e\u0301te\u0301@example.com"),
    ("\u039f\u0394\u039f\u03a3@example.com", "\u03bf\u03b4\u03bf\u03c3@example.com"),
    ("J\u030c@example.com", "\u01f0@example.com"),
    ("a@STRA\u00dfE.de", "a@xn--strae-oqa.de"),
    ("a@\uff25\uff38\uff21\uff2d\uff30\uff2c\uff25.com", "a@example.com"),
    ("a@\u0392\u038c\u039b\u039f\u03a3-x.com", "a@\u03b2\u03cc\u03bb\u03bf\u03c3-x.com"),
    ("a@\u0130x.com", "a@i\u0307x.com"),
    ("a@b\u00fccher.example.com", "a@xn--bcher-kva.example.com"),
    ("a@B\u00dcCHER.example.com", "a@b\u00fccher.example.com"),
]
DIFFERENT = [
    ("a.b@example.com", "ab@example.com"),
    ("a+tag@example.com", "a@example.com"),
    ("\u0131@example.com", "i@example.com"),
    ("\u0430@example.com", "a@example.com"),
    ("stra\u00dfe@example.com", "STRASSE@example.com"),
    ("a@stra\u00dfe.de", "a@strasse.de"),
    ("a@\u03b2\u03cc\u03bb\u03bf\u03c2.com", "a@\u03b2\u03cc\u03bb\u03bf\u03c3.com"),
    ("\ufb01@example.com", "fi@example.com"),
    ("a@\u0130y.com", "a@iy.com"),
]
REFUSED = [
    "",
    "a",
    "@example.com",
    "a@",
    "a@b@example.com",
    '"quoted"@example.com',
    '"a b"@example.com',
    "a b@example.com",
    "a@example.com.",
    "a@exa mple.com",
    "a(comment)@example.com",
    "Ada <ada@example.com>",
    "a@[127.0.0.1]",
    "a@localhost",
    ".a@example.com",
    "a..b@example.com",
    "a\u0000@example.com",
    "a\u202e@example.com",
    "a\n@example.com",
    "a@example.com\nbcc: b@example.com",
    "a@" + "b" * 64 + ".com",
    "a@" + ".".join(["b" * 60] * 5) + ".com",
    "a@" + "a." * 25_000 + "com",
    "!" * 50_000,
]


async def add(admin: TestUser, email: str) -> Response:
    body = {"name": "Some Name", "email": email, "password": PASSWORD}
    return await admin.client.post(USERS, json=body)


async def test_addresses_that_are_the_same_have_one_account(admin: TestUser) -> None:
    for number, (first, second) in enumerate(SAME):
        added, again = [await add(admin, f"x{number}{each.strip()}") for each in (first, second)]
        assert added.status_code == 201, first
        assert code(again) == (409, "users.email_taken"), second


async def test_addresses_that_differ_have_one_each(admin: TestUser) -> None:
    for number, pair in enumerate(DIFFERENT):
        assert [(await add(admin, f"x{number}{each}")).status_code for each in pair] == [201, 201]


async def test_what_is_no_address_is_refused(admin: TestUser) -> None:
    for email in REFUSED:
        assert [place for place, _ in wrong(await add(admin, email))] == ["body.email"], email[:80]


def test_a_long_address_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="An e-mail address has at most 254 characters"):
        email_key("a" * 255)


async def test_an_address_is_answered_as_it_was_given(admin: TestUser) -> None:
    for given, kept in [
        ("John.Doe+News@Example.COM", "John.Doe+News@example.com"),
        ("\u00e9t\u00e9@XN--BCHER-KVA.example.com", "\u00e9t\u00e9@xn--bcher-kva.example.com"),
    ]:
        assert (await add(admin, given)).json()["email"] == kept


def test_a_key_is_the_same_for_its_own_form() -> None:
    for address in (each for pair in (*SAME, *DIFFERENT) for each in pair):
        key = email_key(address.strip())
        assert email_key(key) == email_key(as_written(address.strip())) == key


async def test_each_signs_in_to_the_account_of_that_address(admin: TestUser) -> None:
    for number, (first, second) in enumerate(SAME):
        added = await add(admin, f"y{number}{first.strip()}")
        tokens = await sign_in(admin.client, f"y{number}{second.strip()}")
        session = {"authorization": f"Bearer {tokens['access_token']}"}
        answer = await admin.client.get(f"{USERS}/me", headers=session)
        assert answer.json()["id"] == added.json()["id"], second


@pytest.mark.parametrize(("length", "status"), [(254, 201), (255, 400)])
async def test_254_characters_fit(admin: TestUser, length: int, status: int) -> None:
    domain = ".".join(["b" * 60, "c" * 60, "d" * 60])
    local = "a" * (length - len(domain) - len("@.com"))
    assert (await add(admin, f"{local}@{domain}.com")).status_code == status
