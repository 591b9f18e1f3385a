from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from core.kernel import ids
from core.kernel.ids import uuid7


def test_ids_grow_and_never_repeat() -> None:
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made) and len(set(made)) == len(made)
    assert {each.version for each in made} == {7}
    assert {each.variant for each in made} == {"specified in RFC 4122"}


def test_an_id_holds_the_moment_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_last_ms", 0)  # tests with another clock leave a later id
    moment = datetime.fromtimestamp((uuid7().int >> 80) / 1000, UTC)
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60


def test_a_clock_that_steps_back_makes_no_smaller_id(monkeypatch: pytest.MonkeyPatch) -> None:
    before = uuid7()
    monkeypatch.setattr(ids, "time_ns", lambda: 0)
    assert uuid7() > before


def test_threads_share_the_counter() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [
            each
            for part in pool.map(lambda _: [uuid7() for _ in range(500)], range(8))
            for each in part
        ]
    assert len(set(made)) == len(made)
