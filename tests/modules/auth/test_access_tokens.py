"""Only tokens of the service are accepted, in their only spelling, while they are valid."""

import base64
import json
from collections.abc import Callable
from hmac import digest
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from httpx import AsyncClient
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from litestar import Litestar

from core.kit import Module, utc_now
from core.testing import TestUser, client_of, later
from modules.auth.service.signing_keys import SigningKeys
from tests.modules.auth.conftest import AUTH, ME, log_in, refresh, works

Forge = Callable[..., str]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def in_json(value: Any) -> str:
    return b64(json.dumps(value).encode())


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=="))


@pytest.fixture
async def key(auth: Module) -> ECKey:
    return (await auth.provider(SigningKeys)().ring()).signing


@pytest.fixture
def forge(user: TestUser, key: ECKey) -> Forge:
    """Return a function that changes a token and signs it, as the thief of a key would."""
    header, payload, _ = user.tokens["access_token"].split(".")

    def make(head: dict[str, Any] | None = None, **claims: Any) -> str:
        stated = {**decoded(payload), **claims}
        stated = {name: value for name, value in stated.items() if value is not None}
        protected = {**decoded(header), **(head or {})}
        protected = {name: value for name, value in protected.items() if value is not None}
        return jws.serialize_compact(protected, json.dumps(stated), key, algorithms=["ES256"])

    return make


async def refused(client: AsyncClient, token: str | bytes) -> bool:
    raw = token.encode() if isinstance(token, str) else token
    answer = await client.get(ME, headers={b"authorization": b"Bearer " + raw})
    assert answer.status_code in (200, 401), answer.text
    if answer.status_code == 401:
        assert answer.json()["code"] == "http.invalid_token"
        challenge = 'Bearer realm="atrium", error="invalid_token"'
        assert answer.headers["www-authenticate"] == challenge
    return answer.status_code == 401


async def test_the_forger_can_make_a_good_one(client: AsyncClient, forge: Forge) -> None:
    """The refusals below would prove nothing without a valid token."""
    assert not await refused(client, forge())


class TestForgery:
    async def test_a_token_without_a_signature_is_refused(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        header, payload, _ = user.tokens["access_token"].split(".")
        for alg in ("none", "None", "NONE", "nOnE", ""):
            head = in_json({**decoded(header), "alg": alg})
            for token in (f"{head}.{payload}.", f"{head}.{payload}", f"{header}.{payload}."):
                assert await refused(client, token)

    async def test_the_public_key_as_a_shared_secret_is_refused(
        self, client: AsyncClient, user: TestUser, key: ECKey
    ) -> None:
        header, payload, _ = user.tokens["access_token"].split(".")
        public = key.public_key
        jwk = (await client.get("/.well-known/jwks.json")).json()["keys"][0]
        secrets = (
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            json.dumps(jwk).encode(),
        )
        for secret in secrets:
            signed = f"{in_json({**decoded(header), 'alg': 'HS256'})}.{payload}"
            for start in (signed, f"{header}.{payload}"):
                mac = digest(secret, start.encode(), "sha256")
                assert await refused(client, f"{start}.{b64(mac)}")
                assert await refused(client, f"{start}.{b64(mac + mac)}")

    async def test_the_key_of_another_issuer_is_refused(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        header, payload, _ = user.tokens["access_token"].split(".")
        foreign = ECKey.generate_key("P-256")
        assert await refused(client, jwt.encode(decoded(header), decoded(payload), foreign))
        rsa = RSAKey.generate_key(2048)
        head = {**decoded(header), "alg": "RS256"}
        assert await refused(client, jwt.encode(head, decoded(payload), rsa))

    async def test_another_kid_is_refused(self, client: AsyncClient, user: TestUser) -> None:
        header, payload, _ = user.tokens["access_token"].split(".")
        kids: tuple[Any, ...] = (
            "../../dev/null",
            "' OR 1=1--",
            ";id",
            "x" * 10_000,
            "",
            123,
            None,
            ["a"],
            {},
        )
        for kid, alg in product(kids, ("HS256", "ES256")):
            start = f"{in_json({**decoded(header), 'alg': alg, 'kid': kid})}.{payload}"
            for secret in (b"", b"secret"):
                mac = digest(secret, start.encode(), "sha256")
                assert await refused(client, f"{start}.{b64(mac)}")
            assert await refused(client, f"{start}.{b64(bytes(64))}")

    async def test_another_header_is_refused_even_if_signed(
        self, client: AsyncClient, forge: Forge, key: ECKey
    ) -> None:
        evil = "https://attacker.example/keys"
        for head in (
            {"typ": "JWT"},
            {"typ": "AT+JWT"},
            {"typ": "application/at+jwt"},
            {"typ": None},
            {"kid": None},
            {"kid": f"{key.kid} "},
            {"jku": evil},
            {"x5u": evil},
            {"x5c": [evil]},
            {"jwk": key.as_dict(private=False)},
            {"cty": "JWT"},
        ):
            assert await refused(client, forge(head)), head

    async def test_a_token_that_was_changed_is_refused(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        token = user.tokens["access_token"]
        header, payload, signature = token.split(".")
        other = (await log_in(client, user))["access_token"].split(".")
        changed = in_json({**decoded(payload), "sub": str(UUID(int=1))})
        flipped = payload[:10] + ("A" if payload[10] != "A" else "B") + payload[11:]
        for forged in (
            f"{header}.{changed}.{signature}",
            f"{header}.{flipped}.{signature}",
            f"{header}.{payload}.",
            f"{header}.{payload}",
            f"{header}.{payload}.{other[2]}",
            token + token,
            f"{token}.{token}",
        ):
            assert await refused(client, forged)


class TestSpelling:
    async def test_a_token_has_only_one_spelling(self, client: AsyncClient, user: TestUser) -> None:
        token = user.tokens["access_token"]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        twin = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]  # the same bytes, decoded
        for other in (token + "=", token + "==", token + ".x", token + ".", twin, token + "\t"):
            assert await refused(client, other)
        await user.client.post(f"{AUTH}/logout")
        for other in (token, token + "=", twin):
            assert await refused(client, other)

    async def test_garbage_is_refused(self, client: AsyncClient) -> None:
        for token in (b"", b"\xff\xfe", b"x" * 9000, b"...", b"a.b.c", b"\xc3\xa9.\xc3\xa9.x"):
            assert await refused(client, token)

    async def test_the_scheme_has_any_case_and_no_other_is_known(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        token = user.tokens["access_token"]
        for scheme, status in (("bearer", 200), ("BEARER", 200), ("Basic", 401), ("Token", 401)):
            answer = await client.get(ME, headers={"authorization": f"{scheme} {token}"})
            assert answer.status_code == status

    async def test_two_tokens_at_once_are_refused(
        self, client: AsyncClient, user: TestUser, other_user: TestUser
    ) -> None:
        headers = [
            ("authorization", f"Bearer {each.tokens['access_token']}")
            for each in (user, other_user)
        ]
        assert (await client.get(ME, headers=headers)).status_code in (400, 401)

    async def test_a_token_in_the_url_is_ignored(self, client: AsyncClient, user: TestUser) -> None:
        for name in ("access_token", "token", "api_key"):
            answer = await client.get(ME, params={name: user.tokens["access_token"]})
            assert answer.status_code == 401


class TestClaims:
    async def test_a_token_for_another_audience_is_refused(
        self, client: AsyncClient, forge: Forge
    ) -> None:
        good = decoded(forge().split(".")[1])
        for claim in ("iss", "aud", "client_id"):
            right = good[claim]
            nearly = (right + "/", right[:-1], right.upper(), [right], [right + "x"], {right: 1})
            for value in ("", "other", None, 5, *nearly):
                assert await refused(client, forge(**{claim: value})), (claim, value)

    async def test_one_is_missing_or_of_another_type(
        self, client: AsyncClient, forge: Forge
    ) -> None:
        soon = utc_now().timestamp() + 300
        value: Any
        for claim in ("exp", "iat", "sub", "sid", "jti"):
            for value in (None, soon, True, [], {}, 10**400):
                assert await refused(client, forge(**{claim: value})), (claim, value)
        for claim in ("exp", "iat", "sub", "sid"):
            for value in ("", str(int(soon)), "\x00"):
                assert await refused(client, forge(**{claim: value})), (claim, value)

    async def test_a_token_that_is_not_valid_yet_is_refused(
        self, client: AsyncClient, forge: Forge
    ) -> None:
        for claim in ("nbf", "iat"):
            assert await refused(client, forge(**{claim: int(utc_now().timestamp()) + 600}))

    async def test_an_expired_token_is_refused(self, client: AsyncClient, user: TestUser) -> None:
        assert await works(client, user.tokens)
        with later(seconds=user.tokens["expires_in"] + 1):
            assert not await works(client, user.tokens)

    async def test_a_token_of_another_session_or_user_is_refused(
        self, client: AsyncClient, forge: Forge, other_user: TestUser
    ) -> None:
        assert await refused(client, forge(sub=str(other_user.id)))
        assert await refused(client, forge(sid=str(UUID(int=1))))


class TestOtherCredentials:
    async def test_a_refresh_token_is_no_access_token(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        assert await refused(client, user.tokens["refresh_token"])

    async def test_an_access_token_is_no_refresh_token(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        answer = await refresh(client, {"refresh_token": user.tokens["access_token"]})
        assert answer.status_code == 401
        assert await works(client, user.tokens)

    async def test_an_api_key_is_no_access_token(self, client: AsyncClient, user: TestUser) -> None:
        draft = {"name": "mine", "scopes": ["profile:read"]}
        made = await user.client.post(f"{AUTH}/api-keys", json=draft)
        assert await refused(client, made.json()["key"])


async def test_it_says_who_and_never_what_they_may(user: TestUser, admin: TestUser) -> None:
    """Roles are read for each request: a change of them is effective at once (ASVS 8.3.2)."""
    header, payload, _ = admin.tokens["access_token"].split(".")
    assert set(decoded(header)) == {"alg", "typ", "kid"}
    assert decoded(header)["typ"] == "at+jwt"
    claims = decoded(payload)
    assert set(claims) == {"iss", "aud", "client_id", "sub", "sid", "jti", "iat", "exp"}
    assert (claims["iss"], claims["aud"]) == ("http://test", "atrium")
    assert claims["sub"] == str(admin.id)
    assert claims["exp"] - claims["iat"] == admin.tokens["expires_in"] == 600


async def test_each_is_another(client: AsyncClient, user: TestUser) -> None:
    first, second = [await log_in(client, user) for _ in range(2)]
    assert len({first["access_token"], second["access_token"]}) == 2
    assert len({first["refresh_token"], second["refresh_token"]}) == 2


async def test_anyone_may_have_the_keys_for_a_while(app: Litestar, user: TestUser) -> None:
    async with client_of(app) as client:
        answer = await client.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert "max-age=300" in answer.headers["cache-control"]
    [key] = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    found = jwt.decode(user.tokens["access_token"], ECKey.import_key(key), ["ES256"])
    assert found.header["kid"] == key["kid"]
