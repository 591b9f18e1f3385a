"""Hiding secrets takes time in proportion to the length of the text, for repetitive texts too."""

from time import thread_time

import pytest

from config import redaction
from config.redaction import MAX_TEXT_LENGTH, REDACTED, redacted_text

SHORT, GROWTH = MAX_TEXT_LENGTH, 8
PIECES = [
    *(
        "bearer ",
        "basic  ",
        "-eyJ",
        "-eyJa",
        "a-eyJ",
        "eyJa.",
        ".eyJ",
        "eyJ-.a",
        "://a",
        "://",
        "@",
    ),
    *("?a", "?a=", "input_value=", "input_value=a, input_type", "[parameters: ", "DETAIL:\n"),
    *("DETAIL: ", "a", "-", " ", "\n", "é"),
]


def cost(text: str) -> float:
    """Return the least CPU time of three."""
    times = []
    for _ in range(3):
        begun = thread_time()
        redacted_text(text)
        times.append(thread_time() - begun)
    return min(times)


@pytest.mark.parametrize("start", ["bearer", "?", " eyJ"])
@pytest.mark.parametrize("piece", PIECES)
def test_eight_times_the_text_costs_about_eight_times_as_much(
    piece: str, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quadratic time would be 64 times; both lengths are long enough for the noise."""
    monkeypatch.setattr(redaction, "MAX_TEXT_LENGTH", SHORT * GROWTH)
    text = start + piece * SHORT * GROWTH
    short, long = cost(text[:SHORT]), cost(text[: SHORT * GROWTH])
    assert long <= 3 * GROWTH * short + 0.005


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("eyJhbGciOi.eyJzdWIiOi.canary", REDACTED),
        ("token=eyJhbGciOi.eyJzdWIiOi.canary;", f"token={REDACTED};"),
        ("a-eyJhbGciOi.eyJzdWIiOi.canary", f"a-{REDACTED}"),
        ("a-eyJ-eyJhbGciOi.eyJzdWIiOi.canary", f"a-{REDACTED}"),
        ("www.eyJhbGciOi.eyJzdWIiOi.canary", f"www.{REDACTED}"),
        ("a.b.c eyJhbGciOi.eyJzdWIiOi.canary.d", f"a.b.c {REDACTED}.d"),
        ("xeyJhbGciOi.b.c and eyJ.b.c stay", "xeyJhbGciOi.b.c and eyJ.b.c stay"),
        (
            "a [input_value='canary', input_type=str] b",
            f"a [input_value={REDACTED}, input_type=str] b",
        ),
        (
            "a text that was cut in input_value='canary",
            f"a text that was cut in input_value={REDACTED}",
        ),
    ],
)
def test_tokens_and_values_are_hidden_where_they_stand(text: str, hidden: str) -> None:
    assert redacted_text(text) == hidden
