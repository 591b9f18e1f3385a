#!/usr/bin/env bash
# uvicorn 0.54.0: a client that speaks HTTP/1.0 gets `Transfer-Encoding: chunked` from the httptools
# implementation, and not from the h11 implementation.
#
# The application sends no Content-Length. RFC 9112, section 6.1, forbids a transfer coding in a
# response to HTTP/1.0: such a client takes the sizes of the chunks for a part of the body. uvicorn
# takes httptools when it is installed, so installing a package changes the body that is seen.
#
# Run: bash findings/uvicorn-chunks-for-http10.sh    Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 h11==0.16.0 httptools==0.9.0 2>/dev/null

cat >finding.py <<'PYTHON'
import socket
from threading import Thread
from time import sleep

import uvicorn


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def answer_to_http_1_0(implementation: str) -> tuple[bytes, bytes]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(hello, http=implementation, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        sleep(0.05)
    with socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        head, _, body = client.makefile("rb").read().partition(b"\r\n\r\n")
    server.should_exit = True
    thread.join()
    return head.lower(), body


for implementation in ("h11", "httptools"):
    head, body = answer_to_http_1_0(implementation)
    print(f"{implementation}: chunked {b'transfer-encoding: chunked' in head}, body {body}")
PYTHON
cat >expected <<'TEXT'
h11: chunked False, body b'hello'
httptools: chunked True, body b'5\r\nhello\r\n0\r\n\r\n'
TEXT
timeout 60 env/bin/python finding.py | tee seen
diff expected seen && echo "As described."
