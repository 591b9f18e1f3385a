"""The clock of the application, which a test may replace."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""The type of a clock. A service asks for a `Clock` in its constructor, so a test may replace it.

```python
def at_noon() -> datetime:
    return datetime(2099, 1, 1, 12, tzinfo=UTC)

clock: Clock = at_noon
```
"""


def utc_now() -> datetime:
    """Return the time as an aware `datetime` in UTC.

    ```python
    assert utc_now().utcoffset() == timedelta(0)
    ```
    """
    return datetime.now(UTC)
