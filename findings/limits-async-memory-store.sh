#!/usr/bin/env bash
# limits 5.8.0: with the asynchronous store in memory, one hit costs time in proportion to the number of all
# callers that are counted. With the synchronous store it does not.
#
# `limits.aio.storage.MemoryStorage` starts a task with each hit, and this task visits every key. The synchronous
# `limits.storage.MemoryStorage` visits them from a timer instead, a hundred times a second at most. So a service
# that counts thousands of client IPs pays for each of them at every request, once its event loop runs the tasks.
#
# Run: bash findings/limits-async-memory-store.sh
# Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check limits==5.8.0 2>/dev/null

cat >count.py <<'PYTHON'
import asyncio
from time import process_time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage as AsyncStorage
from limits.aio.strategies import FixedWindowRateLimiter as AsyncLimiter
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

LIMIT, HITS, FEW, MANY = RateLimitItemPerMinute(1_000_000), 400, 10, 4000


async def asynchronous(callers):
    limiter = AsyncLimiter(AsyncStorage())
    for caller in range(callers):
        await limiter.hit(LIMIT, str(caller))
    await asyncio.sleep(0.1)
    begun = process_time()
    for _ in range(HITS):
        await limiter.hit(LIMIT, "1")
        await asyncio.sleep(0)
    return process_time() - begun


def synchronous(callers):
    limiter = FixedWindowRateLimiter(MemoryStorage())
    for caller in range(callers):
        limiter.hit(LIMIT, str(caller))
    begun = process_time()
    for _ in range(HITS):
        limiter.hit(LIMIT, "1")
    return process_time() - begun


def grows(few, many):
    return "more" if many > 4 * few else "the same"


few, many = (min(asyncio.run(asynchronous(n)) for _ in range(3)) for n in (FEW, MANY))
print(f"asynchronous: with {MANY} callers instead of {FEW} a hit costs {grows(few, many)}")
few, many = (min(synchronous(n) for _ in range(3)) for n in (FEW, MANY))
print(f"synchronous: with {MANY} callers instead of {FEW} a hit costs {grows(few, many)}")
PYTHON
cat >expected <<'TEXT'
asynchronous: with 4000 callers instead of 10 a hit costs more
synchronous: with 4000 callers instead of 10 a hit costs the same
TEXT
timeout 120 env/bin/python count.py | tee seen
diff expected seen && echo "As described."
