"""What the served OpenAPI document says is what the application does, asked at random.

schemathesis sends requests that the document allows and requests that it forbids, and holds every
answer against it. Each run has a database of its own, and always draws the same.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize
from uuid import UUID

import pytest
import schemathesis
from hypothesis import strategies as st
from litestar import Litestar
from pydantic import SecretStr
from schemathesis.core.failures import Failure
from schemathesis.engine import Status, events, from_schema

from config.lines import Lines
from config.settings import Settings
from core.app import create_app
from tests.conftest import Databases
from tests.people import client_of, grant

NOBODY, MEMBER, ADMIN = "nobody", "member", "admin"
PASSWORD = "none that an example in the document has"  # noqa: S105
SINGLE = ("examples", "coverage", "fuzzing")

VALID_BUT_REFUSED = {
    "412": "an `If-Match` drawn at random names no version there ever was",
    "422": "an `Idempotency-Key` drawn twice comes with another body the second time",
}
"""Statuses, beside schemathesis's own, of requests that the document allows: and why."""

VISIBLE = st.characters(codec="utf-8", exclude_categories=("C", "M", "Zl", "Zp"))
SHORT_TEXT = st.text(VISIBLE, max_size=60).map(lambda text: normalize("NFC", text).strip())
FORMATS = {
    "line": SHORT_TEXT,
    "text": SHORT_TEXT,
    "password": st.text(VISIBLE, min_size=8, max_size=60).map(lambda text: normalize("NFC", text)),
    "cursor": st.just(""),
    "scope": st.sampled_from(["profile:read", "posts:write", "files:read", "files:write"]),
}
"""Our own formats, which say what JSON Schema has no words for."""


@pytest.fixture(autouse=True, scope="module")
def formats() -> None:
    for name, strategy in FORMATS.items():
        schemathesis.openapi.format(name, strategy)


@pytest.fixture
def application(databases: Databases, tmp_path: Path, log_lines: Lines) -> Iterator[Litestar]:
    """Started by schemathesis, in a thread of its own; somebody of each kind is registered."""
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
    schemathesis.python.asgi.shutdown_lifespans()


async def register_people(settings: Settings, lines: Lines) -> None:
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
@pytest.mark.parametrize("who", [NOBODY, MEMBER, ADMIN])
@pytest.mark.parametrize("phases", [SINGLE, ("stateful",)], ids=["single", "stateful"])
def test_the_document_is_kept(application: Litestar, who: str, phases: tuple[str, ...]) -> None:
    schema = schemathesis.openapi.from_asgi(
        "/docs/openapi.json", application, config=configuration(who, phases)
    )
    schema.hook(filter_query)
    found = Findings()
    for event in from_schema(schema).execute():
        found.read(event)
    assert not found.errors
    assert not found.failures, "\n\n".join(found.failures)
    assert found.answered > 100


def configuration(who: str, phases: tuple[str, ...]) -> schemathesis.Config:
    accepted = ["2xx", "3xx", "401", "403", "404", "409", "5xx", *VALID_BUT_REFUSED]
    given: dict[str, Any] = {
        "seed": 1,
        "suppress-health-check": ["all"],
        "continue-on-failure": True,
        "generation": {
            "deterministic": True,
            "max-examples": 30,
            "with-security-parameters": False,  # who is asking is said below
        },
        "checks": {"positive_data_acceptance": {"expected-statuses": accepted}},
        "phases": {name: {"enabled": name in phases} for name in (*SINGLE, "stateful")},
    }
    if who != NOBODY:
        given["auth"] = {"dynamic": {"openapi": {"bearer": sign_in_of(who)}}}
    return schemathesis.Config.from_dict(given)


def sign_in_of(who: str) -> dict[str, Any]:
    """Again after each 401, for among the operations are those that end a session."""
    return {
        "path": "/api/v1/auth/login",
        "payload": {"email": f"{who}@example.com", "password": PASSWORD},
        "extract_selector": "/access_token",
        "retry_on": [401],
    }


def filter_query(context: schemathesis.HookContext, query: dict[str, Any] | None) -> bool:
    """The document cannot say that two parameters exclude each other, nor two keys of a list."""
    if not isinstance(query, dict):
        return True
    keys = query.get("sort")
    names = [str(key).removeprefix("-") for key in keys] if isinstance(keys, list) else []
    return len(set(names)) == len(names) and not {"page", "cursor"} <= query.keys()


class Findings:
    """What a run has found, each thing once."""

    def __init__(self) -> None:
        self.answered = 0
        self.errors: list[str] = []
        self._failures: dict[tuple[str, str, str], str] = {}
        self.statuses: Counter[int] = Counter()

    @property
    def failures(self) -> list[str]:
        return list(self._failures.values())

    def read(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.NonFatalError | events.FatalError):
            self.errors.append(repr([getattr(event, each, "") for each in ("label","related_to_operation","value","info")]) [:1500])
        if isinstance(event, events.ScenarioFinished):
            self._read_scenario(event)

    def _read_scenario(self, event: events.ScenarioFinished) -> None:
        recorder = event.recorder
        answers = [each.response for each in recorder.interactions.values() if each.response]
        self.answered += len(answers)
        self.statuses.update(each.status_code for each in answers)
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.status == Status.FAILURE and check.failure_info:
                    label = recorder.cases[case_id].value.operation.label
                    failure: Failure = check.failure_info.failure
                    text = f"{label}: {failure.title}\n{failure}\n{check.failure_info.code_sample}"
                    self._failures.setdefault((label, check.name, failure.message), text)
