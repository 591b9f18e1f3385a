#!/usr/bin/env bash
# redis-py 8.1.0: a client made by `from_url` reads the metadata of its own package from disk for each
# connection that it opens, where `Redis(host, port)` reads it once.
#
# Every connection tells the server the version of the library, which `importlib.metadata` looks up.
# `Redis(…)` looks it up when the client is made and hands it to all connections; the pool of
# `from_url` lets each connection look it up. With redis.asyncio this reads files in the event loop
# whenever the pool grows. Passing `driver_info=DriverInfo()` to `from_url` looks it up once.
#
# Run: bash findings/redis-from-url-reads-metadata.sh    Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check redis==8.1.0 2>/dev/null

cat >finding.py <<'PYTHON'
import asyncio
import sys
from asyncio import StreamReader, StreamWriter

from redis.asyncio import Redis
from redis.driver_info import DriverInfo

read = 0


def count(event: str, arguments: tuple[object, ...]) -> None:
    global read
    read += event == "open" and str(arguments[0]).endswith("METADATA")


async def agree(reader: StreamReader, writer: StreamWriter) -> None:
    """Say OK to each command, as a server would to those that open a connection."""
    while data := await reader.read(65_536):
        writer.write(b"+OK\r\n" * data.count(b"*"))
    writer.close()


async def five_connections(client: Redis) -> None:
    await asyncio.gather(*(client.execute_command("PING") for _ in range(5)))
    await client.aclose()


async def main() -> None:
    global read
    server = await asyncio.start_server(agree, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"redis://127.0.0.1:{port}?protocol=2"
    sys.addaudithook(count)
    for said, make in (
        ("Redis(port=…)", lambda: Redis(port=port, protocol=2)),
        ("Redis.from_url(…)", lambda: Redis.from_url(url)),
        ("with a DriverInfo", lambda: Redis.from_url(url, driver_info=DriverInfo())),
    ):
        read = 0
        await five_connections(make())
        print(f"{said}: read {read} times for 5 connections")
    server.close()


asyncio.run(main())
PYTHON
cat >expected <<'TEXT'
Redis(port=…): read 1 times for 5 connections
Redis.from_url(…): read 5 times for 5 connections
with a DriverInfo: read 1 times for 5 connections
TEXT
timeout 60 env/bin/python finding.py | tee seen
diff expected seen && echo "As described."
