"""The arithmetic and the drawing of the bench, with invented values; no load and no server."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.bench.client import BOUNDARY, multipart
from tests.bench.method import RAW, Comparison, Figure, Pace, Round, Spread, Subject, quiet
from tests.bench.picture import BARS, GOAL, draw, length_of
from tests.bench.processes import Server
from tests.bench.report import line, load, number, save, table
from tests.bench.targets import BY_KEY, TARGETS
from tests.bench.wrk import Request, parse, quote, script_of

SAID = """
Running 1s test @ http://127.0.0.1:4000/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     7.31ms    2.36ms  38.75ms   94.20%
    Req/Sec     4.46k   432.23     5.06k    72.73%
  Latency Distribution
     50%    6.97ms
     75%    7.42ms
     90%    8.29ms
     99%   18.61ms
  4893 requests in 1.10s, 3.35MB read
  Socket errors: connect 0, read 2, write 0, timeout 1
  Non-2xx or 3xx responses: 7
Requests/sec:   4449.91
Transfer/sec:      3.05MB
"""


def test_what_wrk_says_is_read() -> None:
    answers = parse(SAID)
    assert (answers.requests, answers.per_second, answers.p99_ms) == (4893, 4449.91, 18.61)
    assert answers.failed == 10


@pytest.mark.parametrize(
    ("said", "ms"), [("99%  950.00us", 0.95), ("99%    1.20s", 1200), ("99%    1.00m", 60_000)]
)
def test_latencies_are_milliseconds(said: str, ms: float) -> None:
    assert parse(SAID.replace("99%   18.61ms", said)).p99_ms == pytest.approx(ms)


def test_anything_else_is_told() -> None:
    with pytest.raises(RuntimeError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:4000 Connection refused")


def test_a_script_sends_each_request_as_it_is() -> None:
    request = Request("POST", "/posts", {"X-Name": 'a "b"'}, '{"title": "a\\n"}')
    assert (
        r'wrk.format("POST", "/posts", {["X-Name"] = "a \"b\""}, "{\"title\": \"a\\n\"}")'
    ) in script_of([request])
    with pytest.raises(ValueError, match="not ASCII"):
        quote("é")


def rounds(*costs: tuple[float, float]) -> list[Round]:
    return [{RAW: raw, "me": me} for raw, me in costs]


def test_loud_rounds_are_thrown_away() -> None:
    calm = rounds((20, 100), (25, 125), (26, 104))
    assert quiet([*calm, *rounds((26.1, 50), (60, 50))]) == calm


def test_the_quietest_few_stay_however_loud_it_was() -> None:
    assert quiet(rounds((20, 1), (60, 2), (40, 3), (50, 4))) == rounds((20, 1), (40, 3), (50, 4))


def test_rounds_are_interleaved_and_go_on_until_enough_were_quiet() -> None:
    order: list[str] = []
    raw_costs = iter([20, 20, 90, 20, 20])

    def measure(subject: Subject, seconds: int) -> float:
        order.append(subject.name)
        return next(raw_costs) if subject.name == RAW else 100

    server = Server("none", [])
    subjects = [Subject(RAW, server, []), Subject("me", server, [])]
    compared = Comparison(subjects, Pace(rounds=3, seconds=1)).run(measure)
    assert order == [RAW, "me", RAW, "me", "me", RAW, RAW, "me", "me", RAW]
    assert compared.note == "3 of 4 rounds quiet"
    assert compared.ratio("me") == Spread(0.2, 0.2, 0.2)


def test_a_spread_is_a_median_and_its_range() -> None:
    assert Spread.of([3, 1, 10]) == Spread(3, 1, 10)


@pytest.mark.parametrize(
    ("key", "value", "reached"),
    [
        ("me", 0.28, "goal"),
        ("me", 0.2, "must"),
        ("me", 0.19, "missed"),
        ("files.download", 0.5, "goal"),
        ("files.download", 0.8, "must"),
        ("files.download", 0.81, "missed"),
    ],
)
def test_a_target_is_reached_or_missed(key: str, value: float, reached: str) -> None:
    assert BY_KEY[key].reached(value) == reached


def test_the_table_has_a_line_for_every_target() -> None:
    figure = Figure("me", Spread(0.2345, 0.2, 0.25), "5 of 7 rounds quiet")
    lines = table({"me": figure}).splitlines()
    assert len(lines) == len(TARGETS) + 2
    assert lines[2] == (
        "| GET /users/me, from caches (CPU ratio) | 0.234 | 0.2–0.25 | ≥ 0.2 | ≥ 0.28 "
        "| must (5 of 7 rounds quiet) |"
    )
    assert line(TARGETS[1], None).endswith("| not measured |")


def test_numbers_have_three_digits() -> None:
    assert [number(it) for it in (0.04512, 1.3, 75.0, 350.4)] == ["0.0451", "1.3", "75", "350"]


def test_what_is_saved_is_found_again(tmp_path: Path) -> None:
    figures = {"me": Figure("me", Spread(0.2, 0.1, 0.3), "a note")}
    path = tmp_path / "bench" / "results.json"
    assert load(path) == {}
    save(figures, path)
    assert load(path) == figures
    path.write_text(path.read_text().replace("PGO", "another"))
    assert load(path) == {}


def test_the_picture_has_a_bar_for_each_figure() -> None:
    figures = {
        target.key: Figure(target.key, Spread(target.must, target.must, target.goal))
        for target in TARGETS
    }
    picture = ElementTree.fromstring(draw(figures, "an <interpreter>"))  # noqa: S314
    every = list(picture.iter("{http://www.w3.org/2000/svg}rect"))
    assert [bar.get("class") for bar in every[1:]] == ["must"] * len(TARGETS)
    assert "http" not in draw(figures, "one").replace("http://www.w3.org/2000/svg", "")


def test_the_goal_stands_at_one_place_whichever_way_the_numbers_run() -> None:
    lengths = {length_of(target, target.goal) for target in TARGETS}
    assert [round(length, 6) for length in lengths] == [round(BARS * GOAL, 6)]
    assert all(length_of(it, it.must) < BARS * GOAL for it in TARGETS)
    assert length_of(BY_KEY["files.memory"], 0) == BARS


@pytest.mark.parametrize("size", [0, 5, 100, 1_048_590])
def test_a_multipart_body_is_as_long_as_it_says(size: int) -> None:
    length, pieces = multipart(size)
    body = b"".join(pieces)
    assert len(body) == length
    assert body.count(f"--{BOUNDARY}".encode()) == 2
