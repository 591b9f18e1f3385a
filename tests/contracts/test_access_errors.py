"""The module that serves the ports of authentication gives the errors of access their codes."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kernel.contributions import WiringError
from core.kit import Contribution, Module
from core.kit.platform import NamedErrors
from core.testing import Applications, client_of
from tests.contracts.gate.plugin import Gate, NotFreshAtTheGate, SilentGate


class TwiceNamed(Module):
    def contributions(self) -> Sequence[Contribution]:
        return (NamedErrors("twice.errors", (NotFreshAtTheGate,)),)


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
