"""`python -m tests.bench`: measure, print the table, and draw the picture.

`--quick` measures briefly; `--only me --only row` measures only these two.
"""

import sys
from argparse import ArgumentParser, Namespace
from time import perf_counter

from tests.bench.measures import MEASURES
from tests.bench.method import Figure, Pace
from tests.bench.picture import draw
from tests.bench.processes import RESULTS, ROOT
from tests.bench.report import floor_line, interpreter, load, save, table
from tests.bench.scene import Scene
from tests.bench.targets import TARGETS
from tests.bench.wrk import HOW_TO_GET_IT, installed

FULL, QUICK = Pace(rounds=7, seconds=1), Pace(rounds=3, seconds=1)
SAVED = RESULTS / "results.json"
PICTURE = ROOT / "docs" / "bench.svg"


def main() -> None:
    asked = arguments()
    if sys.platform != "linux":
        sys.exit("The bench reads CPU clocks as Linux has them: run it there.")
    if not installed():
        sys.exit(HOW_TO_GET_IT)
    names = asked.only or list(MEASURES)
    print(f"{interpreter()}\n", file=sys.stderr)
    figures = measure(names, QUICK if asked.quick else FULL)
    every = {**load(SAVED), **figures}
    save(every, SAVED)
    PICTURE.write_text(draw(every, interpreter()))
    wanted = [each for each in TARGETS if each.key.partition(".")[0] in names]
    print(f"{interpreter()}. {floor_line(every)}\n\n{table(figures, wanted)}")


def arguments() -> Namespace:
    parser = ArgumentParser("python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few short rounds")
    parser.add_argument("--only", action="append", choices=MEASURES, help="one measure; repeatable")
    return parser.parse_args()


def measure(names: list[str], pace: Pace) -> dict[str, Figure]:
    """Measure each, and report a failure without an end of the run."""
    figures: dict[str, Figure] = {}
    with Scene(pace) as scene:
        for name in names:
            begun = perf_counter()
            try:
                figures |= {figure.key: figure for figure in MEASURES[name](scene)}
            except (RuntimeError, OSError) as error:
                print(f"{name}: {error}", file=sys.stderr)
            print(f"{name}: {perf_counter() - begun:.0f} s", file=sys.stderr)
    return figures


if __name__ == "__main__":
    main()
