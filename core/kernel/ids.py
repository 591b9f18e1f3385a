"""Ids that sort by their time of creation (UUID version 7, RFC 9562, section 5.7)."""

from os import urandom
from threading import Lock
from time import time_ns
from uuid import UUID

COUNTER_BITS = 42
_lock = Lock()
_last_ms, _counter = 0, 0


def uuid7() -> UUID:
    """Return a new id, greater than all earlier ones of this process, even if the clock steps back.

    It has 48 bits of milliseconds, a 42-bit counter that starts at random in each millisecond, and
    32 random bits (method 1 of RFC 9562, section 6.2). An id is not a secret (ASVS 11.5.1).

    ```python
    assert uuid7() < uuid7()
    ```
    """
    global _last_ms, _counter
    random = int.from_bytes(urandom(10))
    with _lock:
        now_ms = time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms, _counter = now_ms, random >> (80 - COUNTER_BITS + 1)
        else:
            _counter += 1
        ms, count = _last_ms + (_counter >> COUNTER_BITS), _counter & ((1 << COUNTER_BITS) - 1)
    high, low = count >> 30, count & ((1 << 30) - 1)
    tail = low << 32 | (random & 0xFFFFFFFF)
    return UUID(int=ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | tail)
