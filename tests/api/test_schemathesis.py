"""The application behaves as its OpenAPI document says, for random requests.

schemathesis sends requests that the document allows and requests that it forbids, and compares each
response with it. Each run has a database of its own, and always generates the same requests.
"""

import asyncio
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize
from uuid import UUID

import pytest
import schemathesis
from hypothesis import strategies as st
from litestar import Litestar
from pydantic import SecretStr
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import CheckNode, ScenarioRecorder
from schemathesis.python import asgi

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.testing import client_of
from core.testing.databases import Databases
from core.testing.users import grant

pytestmark = pytest.mark.long

ANONYMOUS, MEMBER, ADMIN = "anonymous", "member", "admin"
PASSWORD = "none that an example in the document has"
SEED = 1
PHASES = ("examples", "coverage", "fuzzing", "stateful")

BEYOND_JSON_SCHEMA = {
    "http.stale": "an `If-Match` drawn at random names no version there ever was",
    "http.idempotency_key_reused": "a key drawn twice comes with another body the second time",
    "entity_tag": "schemathesis 4.32.5 writes `0` where the pattern of `If-Match` forbids it",
    "conflict": "a parameter cannot exclude another one: `page` and `cursor`",
    "sort": "a list of keys cannot exclude a key and its reverse: `name,-name`",
    "common_password": "which passwords are tried first is a long list",
    "guessable": "nor can it compare a password with the name and the address beside it",
    "unknown_role": "roles may be added to those that there are, so they are no enum",
    "unknown_scope": "which scopes there are is said by the modules that are installed",
    "int_type": "1.0 is an integer there, but not to whoever reads types strictly, as we do",
    "body.email missing": "PUT of one's own profile replaces the address too, that of another not",
    "type_not_allowed": "what is in a file, and its name, is beyond a schema",
    "digest_mismatch": "a schema cannot compute the checksum of a file",
    "misplaced": "a form cannot say that a checksum stands before its file",
    "name_invalid": "nor what the name of a file may be",
    "extension_changed": "nor that its extension stays what it was",
    "auth.invalid_request": "nor that a field which it ignores stands once",
    "files.too_many": "how many files go into one request is a setting",
}
"""The reason for which a documented request is still refused, by error code."""

VISIBLE = st.characters(codec="utf-8", exclude_categories=("C", "M", "Zl", "Zp"))
SHORT_TEXT = st.text(VISIBLE, max_size=60).map(lambda text: normalize("NFC", text).strip())
FORMATS = {
    "line": SHORT_TEXT,
    "text": SHORT_TEXT,
    "password": st.text(VISIBLE, min_size=8, max_size=60).map(lambda text: normalize("NFC", text)),
    "cursor": st.just(""),
    "role": st.sampled_from(["member", "admin"]),
}
"""The formats of the project, for rules that JSON Schema cannot express."""


@pytest.fixture(autouse=True, scope="module")
def formats() -> None:
    for name, strategy in FORMATS.items():
        schemathesis.openapi.format(name, strategy)


@pytest.fixture
def application(databases: Databases, tmp_path: Path, log_lines: LogWriter) -> Iterator[Litestar]:
    """Yield an application that schemathesis starts in a thread, with a user of each kind."""
    settings = Settings(
        environment="test",
        data_dir=tmp_path / "var",
        database_url=SecretStr(databases.fresh("sqlite", tmp_path / "var")),
        public_url="http://testserver",
        allowed_hosts=("testserver", "test"),
        rate_limit_enabled=False,
    )
    asyncio.run(register_people(settings, log_lines))
    yield create_app(settings, lines=log_lines)
    asgi.shutdown_lifespans()


async def register_people(settings: Settings, lines: LogWriter) -> None:
    app = create_app(settings, lines=lines)
    async with app.lifespan():
        for name, roles in ((MEMBER, ()), (ADMIN, (ADMIN,))):
            body = {"name": name, "email": f"{name}@example.com", "password": PASSWORD}
            async with client_of(app) as client:
                registered = await client.post("/api/v1/auth/register", json=body)
            await grant(app, UUID(registered.json()["id"]), roles)


# The application draws its request ids in this process, while hypothesis watches `random`.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", [ANONYMOUS, MEMBER, ADMIN])
@pytest.mark.parametrize("phases", [("examples", "fuzzing"), ("stateful",)], ids="-".join)
def test_the_document_is_kept_whoever_asks(
    application: Litestar, who: str, phases: tuple[str, ...]
) -> None:
    hold(application, who, phases)


USERS = "/api/v1/admin/users/{user_id}"
ENDING_AN_ACCOUNT = {f"DELETE {USERS}", f"POST {USERS}/disable", f"PUT {USERS}/roles"}
"""Operations that may end the account of the calling admin, and so all later requests."""


# Each boundary of each parameter, sent by a user with all permissions.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.timeout(300)
def test_the_document_is_kept_at_every_boundary(application: Litestar) -> None:
    hold(application, ADMIN, ("coverage",), without=ENDING_AN_ACCOUNT)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("label", sorted(ENDING_AN_ACCOUNT))
def test_the_document_is_kept_where_an_account_may_end(application: Litestar, label: str) -> None:
    hold(application, ADMIN, ("coverage",), only=label, fewest=10)


def hold(
    application: Litestar,
    who: str,
    phases: tuple[str, ...],
    *,
    without: Collection[str] = (),
    only: str = "",
    fewest: int = 100,
) -> None:
    """Collect all findings first, so that one failure does not hide the next."""
    schema = schemathesis.openapi.from_asgi(
        "/docs/openapi.json", application, config=configuration(who, phases)
    ).exclude(lambda each: each.operation.label in without)
    if only:
        schema = schema.include(lambda each: each.operation.label == only)
    schema.hook(filter_query)
    found = Findings()
    for event in from_schema(schema).execute():
        found.read(event)
    assert not found.errors
    assert not found.failures, "\n\n".join(found.failures)
    assert found.answered > fewest


def configuration(who: str, phases: tuple[str, ...]) -> schemathesis.Config:
    given: dict[str, Any] = {
        "seed": SEED,
        "suppress-health-check": ["all"],
        "continue-on-failure": True,
        "generation": {
            "deterministic": True,
            "max-examples": 30,
            "with-security-parameters": False,  # the credential is configured below
        },
        "phases": {name: {"enabled": name in phases} for name in PHASES},
        "auth": {"auto-signup": False},
    }
    if who != ANONYMOUS:
        given["auth"] |= {"dynamic": {"openapi": {"bearer": sign_in_of(who)}}}
    return schemathesis.Config.from_dict(given)


def sign_in_of(who: str) -> dict[str, Any]:
    """Return the settings of a sign-in, which is repeated after each 401."""
    return {
        "path": "/api/v1/auth/login",
        "payload": {"email": f"{who}@example.com", "password": PASSWORD},
        "extract_selector": "/access_token",
        "retry_on": [401],
    }


def filter_query(context: schemathesis.HookContext, query: dict[str, Any] | None) -> bool:
    """Return whether the query has no combination that the document cannot exclude."""
    if not isinstance(query, dict):
        return True
    keys = query.get("sort")
    names = [str(key).removeprefix("-") for key in keys] if isinstance(keys, list) else []
    return len(set(names)) == len(names) and not {"page", "cursor"} <= query.keys()


class Findings:
    """The findings of a run, each once."""

    def __init__(self) -> None:
        self.answered = 0
        self.errors: list[str] = []
        self._failures: dict[tuple[str, str], str] = {}

    @property
    def failures(self) -> list[str]:
        return list(self._failures.values())

    def read(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.NonFatalError):
            self.errors.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            self.errors.append(repr(event.exception))
        elif isinstance(event, events.ScenarioFinished):
            self._read_scenario(event.recorder)

    def _read_scenario(self, recorder: ScenarioRecorder) -> None:
        self.answered += len(recorder.interactions)
        for case_id, checks in recorder.checks.items():
            for check in checks:
                response = recorder.interactions[case_id].response
                if check.status == Status.FAILURE and not is_excused(check.name, response):
                    label = recorder.cases[case_id].value.operation.label
                    self._failures.setdefault((label, check.name), told(label, check, response))


def is_excused(check: str, response: schemathesis.Response | None) -> bool:
    return (
        check == "positive_data_acceptance"
        and response is not None
        and codes_of(response.json()) <= BEYOND_JSON_SCHEMA.keys()
    )


def codes_of(problem: dict[str, Any]) -> set[str]:
    """Return the code of each field error or of the problem; a missing field with its name."""
    fields = problem.get("errors", ())
    return {
        f"{each['location']} missing" if each["code"] == "missing" else each["code"]
        for each in fields
    } or {problem["code"]}


def told(label: str, check: CheckNode, response: schemathesis.Response | None) -> str:
    info = check.failure_info
    answer = response.text[:800] if response else ""
    return f"{label}: {info.failure}\n{info.code_sample}\n{answer}" if info else label
