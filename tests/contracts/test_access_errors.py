"""The module that serves the ports of authentication gives the errors of access their codes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.events.relay import reason_of
from core.kernel.contributions import WiringError
from core.kit import Contribution, Module
from core.kit.platform import NamedErrors
from core.security.passwords import HashingBusy
from core.testing import Applications, client_of
from tests.contracts.gate.plugin import Gate, NotFreshAtTheGate, SilentGate
from tests.contracts.gate.refusing import RAISED, RefusingGate


class TwiceNamed(Module):
    def contributions(self) -> Sequence[Contribution]:
        return (NamedErrors("twice.errors", (NotFreshAtTheGate,)),)


def at_password(message: str, code: str) -> list[dict[str, str]]:
    return [{"location": "body.password", "message": message, "code": code}]


OUTSIDE = "Stay outside."
SENT: dict[str, tuple[int, dict[str, str], dict[str, Any]]] = {
    "keyrequired": (
        401,
        {"www-authenticate": 'Bearer realm="atrium"'},
        {"detail": "Send 2 keys."},
    ),
    "keynotallowed": (403, {}, {"detail": OUTSIDE}),
    "insufficientscope": (403, {}, {"detail": "The scope open is missing."}),
    "not_fresh": (403, {}, {"title": "Ring again.", "detail": "Ring again."}),
    "prooffailed": (403, {}, {"errors": at_password("The password is wrong.", "prooffailed")}),
    "toomanyattempts": (429, {"retry-after": "7"}, {"detail": "Try again in 7 seconds."}),
    "resetrequired": (403, {}, {"wrong": 100, "errors": at_password(OUTSIDE, "resetrequired")}),
    "hashingbusy": (503, {"retry-after": "30"}, {"detail": OUTSIDE}),
}


@pytest.fixture
def backend() -> str:
    return "sqlite"


@pytest.fixture
def overrides() -> dict[str, object]:
    return {"modules": ()}


async def test_another_module_of_sign_in_has_codes_of_its_own(
    settings: Settings, applications: Applications
) -> None:
    bearer, key = {"authorization": "Bearer good"}, {"x-api-key": "any"}
    async with applications.started(settings, {"gate": Gate}) as app, client_of(app) as http:
        refused = await http.get("/api/v1/gate", headers=bearer)
        by_key = await http.get("/api/v1/gate", headers=key)
        page = await http.get(refused.json()["type"])
    assert (refused.status_code, refused.json()["code"]) == (403, "gate.not_fresh")
    assert by_key.json()["code"] == "gate.insufficientscope"
    assert by_key.json()["detail"] == "Both the API key and its owner need gate:open."
    assert "Ring again." in page.text


async def test_an_error_that_a_module_raises_keeps_all_but_its_code_and_title(
    settings: Settings, applications: Applications
) -> None:
    async with (
        applications.started(settings, {"gate": RefusingGate}) as app,
        client_of(app) as it,
    ):
        answers = {name: await it.get(f"/api/v1/gate/refuse/{name}") for name in RAISED}
        documented = (await it.get("/docs/openapi.json")).json()
    for name, (status, headers, members) in SENT.items():
        answer = answers[name]
        expected = {"code": f"gate.{name}", "title": OUTSIDE} | members
        assert answer.status_code == status, answer.text
        assert headers.items() <= answer.headers.items()
        assert {member: answer.json()[member] for member in expected} == expected
    responses = documented["paths"]["/api/v1/gate/refuse/{name}"]["get"]["responses"]
    assert responses["403"] == {"$ref": "#/components/responses/GateNotFresh"}


def test_an_error_without_a_code_has_its_class_as_reason() -> None:
    assert reason_of(HashingBusy()) == "HashingBusy"
    assert reason_of(NotFreshAtTheGate()) == "gate.not_fresh"


@pytest.mark.parametrize(("gate", "count"), [(SilentGate, 0), (Gate, 2)], ids=["none", "two"])
def test_an_error_needs_exactly_one_code(
    tmp_path: Path, log_lines: LogWriter, gate: type[Module], count: int
) -> None:
    settings = Settings(environment="test", data_dir=tmp_path, modules=())
    extra = {"gate": gate} | ({"twice": TwiceNamed} if count else {})
    with pytest.raises(WiringError) as refused:
        create_app(settings, extra, log_lines)
    assert str(refused.value) == (
        f"The error StepUpRequired of core has {count} subclasses with a code: contribute exactly "
        "one by NamedErrors."
    )
