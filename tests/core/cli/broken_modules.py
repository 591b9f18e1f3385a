"""Modules that fail while they load, each in another way, installed beside the healthy ones."""

from pathlib import Path

PLUGIN = """
from collections.abc import Sequence

from click import command

from core.kernel.contributions import Contribution
from core.operations.contributions import Command
from core.wiring.module import Module
from {name}.service import Stove


@command("{name}", help="Cook something.")
def cook() -> None: ...


class Plugin(Module):
    services = (Stove,)

    def contributions(self) -> Sequence[Contribution]:
        return (Command("{name}.cook", lambda: cook),)
"""
SERVICE = """
class Stove:
    pass
"""
SETTINGS = """
from config.settings import ModuleSettings


class {Name}Settings(ModuleSettings, env_prefix="{NAME}_"):
    heat: int = 1
"""
CRASH = "\n1 / 0\n"
NAMELESS = "\n    def __init__(self, heat: 'Heat') -> None: ...\n"
CRASHES = "\n    def __init__(self) -> None:\n        1 / 0\n"


def install(site: Path, name: str, **files: str) -> None:
    """Write the package `name` with its entry point; `files` take the place of the right ones."""
    package = site / name
    package.mkdir(parents=True)
    right = {"__init__": "", "plugin": PLUGIN, "service": SERVICE, "settings": SETTINGS}
    for file, source in {**right, **files}.items():
        source = source.replace("{name}", name).replace("{NAME}", name.upper())
        (package / f"{file}.py").write_text(source.replace("{Name}", name.title()))
    info = site / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[atrium.modules]\n{name} = {name}.plugin:Plugin\n")


def raising(line: str) -> str:
    """Return the plugin with this line before its class."""
    return PLUGIN.replace("class Plugin", f"{line}\n\n\nclass Plugin")


ROUTER = """
from litestar import Controller
from core.kit import get

from core.security.policies import public


class Kitchen(Controller):
    @get(summary="Cook", policy=public)
    async def cook(self, stove: "Stove") -> None: ...
"""


def routed(controller: str) -> str:
    """Return the plugin with a controller in its router."""
    services = "    services = (Stove,)"
    routed = PLUGIN.replace(services, f"{services}\n    controllers = ({controller},)")
    return f"from {{name}}.router import Kitchen\n{routed}"


LOADING = {
    "crashing": {"__init__": CRASH},
    "lacking": {"plugin": "import nowhere_at_all"},
    "leaving": {"plugin": "import sys\nsys.exit('I leave')"},
    "misspelt": {"plugin": "class Plugin("},
    "nameless": {"plugin": "class Plug: ..."},
    "shapeless": {"plugin": "class Plugin: ..."},
    "attribute": {"plugin": raising("int.nothing")},
    "baseless": {"plugin": "class Stop(BaseException): ...\nraise Stop('at once')"},
    "wordless": {"plugin": "class E(Exception):\n    def __str__(self): return None\nraise E"},
}
"""Modules whose plugin cannot be loaded."""
WIRING = {
    "unset": {"settings": SETTINGS + CRASH},
    "unread": {"settings": SETTINGS + CRASHES},
    "unmade": {"plugin": PLUGIN + "\n    def __init__(self, name, core):\n        1 / 0\n"},
    "ungiving": {"plugin": PLUGIN + "\n    def contributions(self):\n        1 / 0\n"},
    "oddly": {"plugin": PLUGIN + "\n    def contributions(self):\n        return (5,)\n"},
}
"""Modules with a plugin that loads, and with another part that does not."""
COMMANDS = {
    "uncooked": {"plugin": PLUGIN.replace("lambda: cook", "lambda: 1 / 0")},
    "raw": {"plugin": PLUGIN.replace("lambda: cook", "lambda: 5")},
}
"""Modules with commands that cannot be made."""
BUILDING = {
    "unbuilt": {"service": SERVICE.replace("    pass", CRASHES)},
    "unreadable": {"router": ROUTER, "plugin": routed("Kitchen")},
    "unrouted": {"router": ROUTER, "plugin": routed("Kitchen.cook, 5")},
    "unshown": {"public": CRASH},
    "unserved": {"service": SERVICE.replace("    pass", NAMELESS)},
}
"""Modules that fail when the application is built."""
