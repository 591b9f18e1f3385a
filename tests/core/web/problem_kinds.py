"""The kinds of problems that the application itself has, and not its tests."""

from core.web.problems import kinds
from core.wiring.registry import discover

PLACES = ("core.", "modules.")

discover()  # imports every module
PROBLEMS = [code for code, kind in kinds().items() if kind.__module__.startswith(PLACES)]
