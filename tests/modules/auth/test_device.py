import pytest

from modules.auth.device import MAX_DEVICE_LENGTH, UNKNOWN, device_of

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0 Safari/537.36 Edg/126.0"
)


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (None, UNKNOWN),
        ("", UNKNOWN),
        ("\u202e\x00\x1b[31m", "[31m"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("python-httpx/0.28 (more)", "python-httpx/0.28"),
        (IPHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        ("x" * 10_000, "x" * MAX_DEVICE_LENGTH),
    ],
)
def test_it_is_short_and_plain(user_agent: str | None, device: str) -> None:
    assert device_of(user_agent) == device
