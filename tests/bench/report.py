"""The report of the measured values: a table for readers, and a file for the picture."""

import json
import os
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.method import Figure, Spread
from tests.bench.targets import TARGETS, Target

HEAD = "| work | measured | range | must | goal | reached |\n|---|--:|--:|--:|--:|---|"
FLOOR = "floor.bare"

Figures = Mapping[str, Figure]


def interpreter() -> str:
    """Return the interpreter, which the values depend on: a build with PGO is 15 to 20 % faster."""
    options = sysconfig.get_config_var("CONFIG_ARGS") or ""
    pgo = "with" if "--enable-optimizations" in options else "without"
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{sys.implementation.name} {version} {pgo} PGO, {os.cpu_count()} CPUs"


def table(figures: Figures, targets: Iterable[Target] = TARGETS) -> str:
    """Return the table in Markdown; each target has its line, measured or not."""
    return "\n".join([HEAD, *(line(target, figures.get(target.key)) for target in targets)])


def line(target: Target, figure: Figure | None) -> str:
    relation = "≥" if target.more_is_better else "≤"
    wanted = f"{relation} {number(target.must)} | {relation} {number(target.goal)}"
    work = f"{target.work} ({target.unit})"
    if figure is None:
        return f"| {work} | | | {wanted} | not measured |"
    reached = target.reached(figure.spread.value)
    note = f" ({figure.note})" if figure.note else ""
    measured = f"{number(figure.spread.value)} | {span(figure.spread)}"
    return f"| {work} | {measured} | {wanted} | {reached}{note} |"


def span(spread: Spread) -> str:
    return f"{number(spread.low)}–{number(spread.high)}"


def number(value: float) -> str:
    """Return three significant digits: 0.045, 1.3, 75."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def floor_line(figures: Figures) -> str:
    """Return the ratio of Litestar itself to uvicorn, which no module can exceed."""
    if (floor := figures.get(FLOOR)) is None:
        return ""
    return f"Bare Litestar: {number(floor.spread.value)} ({span(floor.spread)}) of raw uvicorn."


def save(figures: Figures, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    content = {key: asdict(figure) for key, figure in figures.items()}
    path.write_text(json.dumps({"interpreter": interpreter(), "figures": content}, indent=2))


def load(path: Path) -> dict[str, Figure]:
    """Return the saved values of the same interpreter; those of another are not comparable."""
    if not path.exists():
        return {}
    content = json.loads(path.read_text())
    if content["interpreter"] != interpreter():
        return {}
    return {key: figure_of(saved) for key, saved in content["figures"].items()}


def figure_of(saved: Mapping[str, Any]) -> Figure:
    return Figure(saved["key"], Spread(**saved["spread"]), saved["note"])
