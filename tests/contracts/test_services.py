"""Services whose parameters cannot be matched keep the application down, in one sentence."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kernel.contributions import Contribution, Export, WiringError
from core.security.authentication import Authenticator, KeyAuthenticator
from core.security.passwords import NewPasswords
from core.security.reauthentication import Reauthentication
from core.wiring.module import Module
from tests.contracts.refused.services import plugin as services

PLACE = services.__name__


class Deletion:
    """A service that takes a proof by the port of core."""

    def __init__(self, reauthentication: Reauthentication) -> None: ...


class Proof:
    """A service whose argument, by the port of core, is itself."""

    def __init__(self, deletion: Deletion) -> None: ...


class OwnLogin(Module):
    """A module in place of `auth`, whose proof needs a service that needs the proof."""

    services = (Proof, Deletion)

    def contributions(self) -> Sequence[Contribution]:
        proof: Any = self.provider(Proof)
        return (
            Export(Authenticator, proof),
            Export(KeyAuthenticator, proof),
            Export(NewPasswords, proof),
            Export(Reauthentication, proof),
        )


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (
            services.Unoffered,
            "odd needs Bell for bell of RingingService, which nothing offers: "
            "add it to the services of odd, or let another module export it.",
        ),
        (
            services.UnlistedService,
            "odd needs RingingService for ringing of RingingController, which nothing offers: "
            "add it to the services of odd, or let another module export it.",
        ),
        (
            services.NamedAsOption,
            "TagController.tags is an option of Litestar: give the service another name.",
        ),
        (
            services.Doubled,
            "odd cannot choose: Thing is offered by odd and by odd; keep one.",
        ),
        (
            services.OfferedByCore,
            "odd cannot choose: Database is offered by core and by odd; keep one.",
        ),
        (
            services.Untyped,
            f"thing of {PLACE}.UntypedParameter has no type: annotate it.",
        ),
        (
            services.UntypedResult,
            f"The service {PLACE}.make_something has no type: annotate its result.",
        ),
        (
            services.Circular,
            "Services depend on each other in a circle: Hen → Egg → Hen; "
            "move what they share into one of its own.",
        ),
    ],
    ids=lambda it: it.__name__ if isinstance(it, type) else "",
)
def test_services_that_do_not_fit_keep_the_application_down(
    tmp_path: Path, log_lines: LogWriter, module: type[Module], sentence: str
) -> None:
    settings = Settings(environment="test", data_dir=tmp_path)
    with pytest.raises(WiringError) as refused:
        create_app(settings, {"odd": module}, log_lines)
    assert str(refused.value) == sentence


def test_a_circle_of_services_through_a_port_of_core_is_refused(
    tmp_path: Path, log_lines: LogWriter
) -> None:
    settings = Settings(environment="test", data_dir=tmp_path, modules=("users",))
    with pytest.raises(WiringError, match=r"in a circle: .*Proof → Deletion"):
        create_app(settings, {"odd": OwnLogin}, log_lines)
