"""The kinds of problems of the application itself, without those of its tests."""

from core.web.problems import kinds
from core.wiring.registry import discover

PLACES = ("core.", "modules.")

discover()  # imports every module
PROBLEMS = [code for code, kind in kinds().items() if kind.__module__.startswith(PLACES)]
