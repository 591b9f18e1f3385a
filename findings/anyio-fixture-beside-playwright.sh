#!/usr/bin/env bash
# anyio 4.16.0 with playwright 1.65.2 and pytest 9.2.0: once a fixture has started the synchronous API of
# playwright, every asynchronous fixture of the following tests fails.
#
# `sync_playwright()` runs an event loop in the same thread and leaves it running between its calls, in
# another greenlet. The pytest plugin of anyio asks whether a loop runs in this thread, and takes the loop of
# playwright for a test that is still running. So an automatic asynchronous fixture breaks tests that only
# drive a browser. Start such fixtures for coroutine tests only.
#
# Run: bash findings/anyio-fixture-beside-playwright.sh
# Needs Python 3.11 or newer and a package index; no browser.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check anyio==4.16.0 playwright==1.65.2 pytest==9.2.0 2>/dev/null

cat >test_finding.py <<'PYTHON'
import pytest
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
async def one_event_loop(anyio_backend):
    yield


@pytest.fixture(autouse=True)
async def cleaned():
    pass


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


def test_before():
    pass


def test_with_playwright(playwright):
    pass


def test_after():
    pass
PYTHON
cat >expected <<'TEXT'
RuntimeError: Cannot schedule a coroutine in the test runner while another is already running
1 passed, 2 errors
TEXT
timeout 120 env/bin/python -m pytest -q -p no:cacheprovider test_finding.py >output 2>&1 || true
grep -oE 'RuntimeError: Cannot [a-z ]+ running|[0-9]+ passed, [0-9]+ errors' output | uniq | tee seen
diff expected seen && echo "As described."
