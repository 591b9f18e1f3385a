"""An application with modules that contradict each other reports it in one sentence and stops."""

from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import litestar
import pytest
from litestar import Controller, asgi
from litestar.di import NamedDependency
from litestar.types import Receive, Scope, Send

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kernel.contributions import Contribution, Export, WiringError
from core.kernel.principal import Permission
from core.kernel.value_listing import ValueListing
from core.kit import get
from core.security.authentication import Authenticator
from core.security.policies import public, requires
from core.wiring import registry
from core.wiring.module import Module
from core.wiring.registry import ModuleTypes, discover


@runtime_checkable
class Salt(Protocol):
    def grains(self) -> int: ...


@runtime_checkable
class Pepper(Protocol):
    def corns(self) -> int: ...


class PepperGrinder:
    def __init__(self, pepper: Pepper) -> None: ...


class SaltGrinder:
    def __init__(self, salt: Salt) -> None: ...


def shelf() -> Any:
    return object()


class SaltMill(Module):
    services = (PepperGrinder,)

    def contributions(self) -> Sequence[Contribution]:
        return (Export(Salt, shelf),)


class PepperMill(Module):
    services = (SaltGrinder,)

    def contributions(self) -> Sequence[Contribution]:
        return (Export(Pepper, shelf),)


class SecondLogin(Module):
    def contributions(self) -> Sequence[Contribution]:
        return (Export(Authenticator, shelf),)


class Forgotten(Controller):
    @litestar.get(summary="Nobody said who may come in")
    async def forgotten(self) -> None: ...


class Mistyped(Controller):
    @get(summary="A permission nobody knows", policy=requires(Permission("door:opne", "?")))
    async def mistyped(self) -> None: ...


class Unfulfilled(Controller):
    @get(summary="Nobody makes knobs", policy=public)
    async def turn(self, knob: NamedDependency[int]) -> None: ...


class Misordered(Controller):
    @get(summary="Sorts by a key it lacks", policy=public, listing=ValueListing(("name",), "size"))
    async def misordered(self) -> None: ...


class Unlimited(Controller):
    @get(summary="A limit nobody declared", policy=public, limit="logni")
    async def unlimited(self) -> None: ...


class Heat:
    def __init__(self, degrees: int) -> None: ...


class Cold:
    def __init__(self) -> None:
        raise LookupError("There is no warmth.")


class Oven(Module):
    services = (Heat,)


class ColdOven(Module):
    services = (Cold,)


def door(controller: type[Controller]) -> type[Module]:
    return type("Plugin", (Module,), {"__module__": __name__, "controllers": (controller,)})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(environment="test", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (
            {"salt": SaltMill},
            "salt needs Pepper for pepper of PepperGrinder, which nothing offers: ",
        ),
        ({"login": SecondLogin}, "both contribute the Export Authenticator"),
        ({"salt": SaltMill, "pepper": PepperMill}, "in a circle: "),
        (
            {"door": door(Forgotten)},
            "no policy: use a decorator of core.kit.",
        ),
        ({"door": door(Mistyped)}, "at /api/v1/door needs door:opne, which no module contributes"),
        ({"oven": Oven}, "oven needs int for degrees of Heat, which nothing offers"),
        ({"oven": ColdOven}, "oven cannot build its Cold: LookupError: There is no warmth, in "),
        (
            {"door": door(Unfulfilled)},
            "Explicit dependency 'knob' for 'turn' has no default value, or provided dependency",
        ),
        ({"door": door(Misordered)}, "by 'size', which is not one of its keys: name."),
        ({"door": door(Unlimited)}, "the limit 'logni', .*; the nearest is 'login'."),
    ],
    ids=[
        *("missing", "doubled", "circular", "no policy", "unknown permission"),
        *("argument", "constructor", "dependency", "order", "limit"),
    ],
)
def test_modules_that_do_not_fit_keep_the_application_down(
    settings: Settings, log_lines: LogWriter, extra: ModuleTypes, sentence: str
) -> None:
    with pytest.raises(WiringError, match=sentence):
        create_app(settings, extra, log_lines)


def test_a_route_added_later_needs_a_policy_too(settings: Settings, log_lines: LogWriter) -> None:
    @asgi("/mounted", copy_scope=True)
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None: ...

    app = create_app(settings, lines=log_lines)
    with pytest.raises(WiringError, match="/mounted"):
        app.register(mounted)


def test_the_setting_narrows_the_modules(tmp_path: Path, log_lines: LogWriter) -> None:
    def only(*modules: str) -> Settings:
        return Settings(environment="test", data_dir=tmp_path, modules=modules)

    app = create_app(only("users", "auth", "health"), lines=log_lines)
    assert not [route for route in app.routes if route.path.startswith("/api/v1/files")]
    advice = "core needs Authenticator, which auth exports: add auth to MODULES."
    with pytest.raises(WiringError, match=advice):
        create_app(only("users", "admin"), lines=log_lines)
    with pytest.raises(WiringError, match="nowhere"):
        discover(["nowhere"])


def test_an_installed_module_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("salt", "tests.core.wiring.test_registry:SaltMill", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [entry])
    assert discover()["salt"].__name__ == "SaltMill"


@pytest.mark.parametrize(
    ("plugin", "sentence"),
    [
        ("tests.nowhere:Plugin", "salt cannot be loaded: No module named 'tests.nowhere'"),
        ("tests.core.wiring.test_registry:Grinder", "salt has no Grinder in tests.core.wiring"),
    ],
)
def test_an_installed_module_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, plugin: str, sentence: str
) -> None:
    entry = EntryPoint("salt", plugin, registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [entry])
    with pytest.raises(WiringError, match=sentence):
        discover()


UNKNOWN_OPTION = "from core.kit import get, public\nget(policy=public, limti='login')"
NO_POLICY = "from core.kit import get\nget(summary='Nobody said who may come in')"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("class Plugin(", r"SyntaxError: .*, in .*spoilt.py, line 1\."),
        ("x = 1\ny = 1 / 0", r"ZeroDivisionError: division by zero, in .*spoilt.py, line 2\."),
        ("import nowhere_at_all", r"No module named 'nowhere_at_all', in .*spoilt.py, line 1\."),
        ("None.attribute", r"AttributeError: .*'attribute', in .*spoilt.py, line 1\."),
        (
            UNKNOWN_OPTION,
            r"TypeError: .* 'limti'; .* 'limit', in .*spoilt.py, line 2\.",
        ),
        (NO_POLICY, r"TypeError: .* 'policy', in .*spoilt.py, line 2\."),
    ],
    ids=["syntax", "exception", "import", "attribute", "option", "policy"],
)
def test_a_module_that_fails_while_it_loads_is_told_with_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, sentence: str
) -> None:
    (tmp_path / "spoilt.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("salt", "spoilt:Plugin", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [entry])
    with pytest.raises(WiringError, match=f"The module salt cannot be loaded: {sentence}"):
        discover()


def test_an_installed_module_cannot_take_the_place_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = EntryPoint("users", "tests.core.wiring.test_registry:SaltMill", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [entry])
    with pytest.raises(WiringError, match="Two modules are called users"):
        discover()
