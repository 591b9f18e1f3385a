"""Draws the table as one picture: a bar for each target, in the colours of the reader's theme."""

from collections.abc import Iterable
from html import escape

from tests.bench.report import Figures, number, span
from tests.bench.targets import TARGETS, Target

WIDTH, MARGIN = 1000, 24
LABELS, BARS, GOAL = 372, 360, 0.62
"""The start of the bars, their greatest length, and the position of the goal within it."""
ROW, BAR, TOP = 34, 16, 92
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 20px; font-weight: 600 }
.quiet { fill: #59636e; font-size: 12px }
.back { fill: #ffffff }
.goal { fill: #1a7f37 } .must { fill: #0969da } .missed { fill: #cf222e }
.mark { stroke: #1f2328; stroke-width: 2 } .mark.first { stroke-dasharray: 3 3 }
.whisker { stroke: #59636e; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .quiet { fill: #9198a1 } .back { fill: #0d1117 }
.goal { fill: #3fb950 } .must { fill: #4493f8 } .missed { fill: #f85149 }
.mark { stroke: #f0f6fc } .whisker { stroke: #9198a1 }
}
"""


def draw(figures: Figures, interpreter: str) -> str:
    """Return an SVG; it has no bar for a target that was not measured."""
    shown = [target for target in TARGETS if target.key in figures]
    height = TOP + ROW * len(shown) + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            'role="img" aria-labelledby="title">',
            '<title id="title">Measured costs beside their targets</title>',
            f"<style>{STYLE}</style>",
            f'<rect class="back" width="{WIDTH}" height="{height}" rx="8"/>',
            text(MARGIN, 36, "Measured beside its targets", "title"),
            text(
                MARGIN, 58, f"Longer is better; the dashed mark is the must. {interpreter}", "quiet"
            ),
            *legend(),
            *(part for at, target in enumerate(shown) for part in row(at, target, figures)),
            "</svg>\n",
        ]
    )


def legend() -> Iterable[str]:
    x = LABELS + BARS * GOAL
    yield text(x, TOP - 12, "goal", "quiet", "middle")
    yield text(WIDTH - MARGIN, TOP - 12, "measured (range) · must / goal", "quiet", "end")


def row(at: int, target: Target, figures: Figures) -> Iterable[str]:
    spread = figures[target.key].spread
    middle = TOP + ROW * at + ROW / 2
    reached = target.reached(spread.value)
    length = length_of(target, spread.value)
    low, high = sorted(length_of(target, it) for it in (spread.low, spread.high))
    yield text(MARGIN, middle + 5, f"{target.work}")
    yield (
        f'<rect class="{reached}" x="{LABELS}" y="{middle - BAR / 2:g}" '
        f'width="{length:.1f}" height="{BAR}" rx="2"/>'
    )
    yield rule(LABELS + low, LABELS + high, middle)
    yield mark(target, target.must, middle, "mark first")
    yield mark(target, target.goal, middle, "mark")
    wanted = f"{number(target.must)} / {number(target.goal)} {target.unit}"
    value = f"{number(spread.value)} ({span(spread)}) · {wanted}"
    yield text(WIDTH - MARGIN, middle + 4, value, "quiet", "end")


def length_of(target: Target, value: float) -> float:
    """Return the length of a bar; the goal has one position, and the greatest length is the end."""
    return min(1.0, target.share_of_goal(value) * GOAL) * BARS


def mark(target: Target, value: float, middle: float, kind: str) -> str:
    x = LABELS + length_of(target, value)
    top, bottom = middle - BAR / 2 - 4, middle + BAR / 2 + 4
    return f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{top:g}" y2="{bottom:g}"/>'


def rule(start: float, end: float, y: float) -> str:
    return f'<line class="whisker" x1="{start:.1f}" x2="{end:.1f}" y1="{y:g}" y2="{y:g}"/>'


def text(x: float, y: float, content: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(content)}</text>'
