"""Real proxies that compress responses and remove a path prefix: nginx and Caddy."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from httpx import Client, HTTPError

from tests.api.serving import ADMIN_EMAIL, client_at, eventually, serving, sign_in
from tests.ports import free_port

pytestmark = pytest.mark.process

BASE = "/atrium"
ADDRESS = re.compile(r'\b(?:href|src|data-document)="([^"#]+)')

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    gzip on;
    gzip_proxied any;
    gzip_min_length 1;
    gzip_types application/json;
    server {{
        listen 127.0.0.1:{port};
        location {base}/ {{
            proxy_pass {upstream}/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
        }}
    }}
}}
"""
CADDY = """
{{
    admin off
    auto_https off
    storage file_system {folder}/state
}}
http://127.0.0.1:{port} {{
    encode {{
        gzip
        minimum_length 1
        match header Content-Type application/json*
    }}
    handle_path {base}/* {{
        reverse_proxy {upstream}
    }}
}}
"""
Command = Callable[[Path], list[str]]
PROXIES: Mapping[str, tuple[str, Command]] = {
    "nginx": (NGINX, lambda file: ["nginx", "-p", str(file.parent), "-c", str(file)]),
    "caddy": (
        CADDY,
        lambda file: ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)],
    ),
}


def needing(name: str) -> object:
    reason = f"{name} is needed: install it (Debian and Ubuntu: apt install {name})."
    missing = shutil.which(name) is None
    return pytest.param(name, marks=pytest.mark.skipif(missing, reason=reason))


@pytest.fixture(scope="module", params=[needing(name) for name in PROXIES])
def address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Yield the URL at which the proxy serves the application."""
    folder, port = tmp_path_factory.mktemp(request.param), free_port()
    public = f"http://127.0.0.1:{port}{BASE}"
    with (
        serving(folder, PUBLIC_URL=public) as served,
        proxy(request.param, folder, port, served.address()) as process,
    ):
        eventually(lambda: process.poll() is not None or answers(f"{public}/health"))
        assert process.poll() is None, (folder / f"{request.param}.log").read_text()
        yield public


@contextmanager
def proxy(name: str, folder: Path, port: int, upstream: str) -> "Iterator[subprocess.Popen[bytes]]":
    profile, command = PROXIES[name]
    file = folder / f"{name}.conf"
    file.write_text(profile.format(folder=folder, port=port, base=BASE, upstream=upstream))
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command(file), stdout=log, stderr=log, env={"HOME": str(folder), "PATH": PATH}
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin"


def answers(url: str) -> bool:
    with Client(trust_env=False) as client:
        try:
            return client.get(url).status_code == 200
        except HTTPError:
            return False


@pytest.fixture(scope="module")
def admin(address: str) -> Iterator[Client]:
    with client_at(address, sign_in(address, ADMIN_EMAIL)) as client:
        yield client


def test_a_tag_that_came_through_the_proxy_is_taken_back(admin: Client) -> None:
    seen = admin.get("/users/me").headers["etag"]
    assert admin.get("/users/me", headers={"if-none-match": seen}).status_code == 304
    changed = admin.patch("/users/me", json={"name": "Changed"}, headers={"if-match": seen})
    assert changed.status_code == 200, changed.text
    stale = admin.patch("/users/me", json={"name": "Again"}, headers={"if-match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "http.stale")
    newest = changed.headers["etag"]
    assert admin.patch("/users/me", json={"age": 40}, headers={"if-match": newest}).is_success


def test_every_link_of_the_pages_leads_somewhere(address: str) -> None:
    with Client(trust_env=False, headers={"accept": "text/html"}) as browser:
        pages = ["/", "/docs", "/docs/guides", "/docs/guides/operating", "/docs/problems"]
        found = {
            link for page in pages for link in ADDRESS.findall(browser.get(address + page).text)
        }
        own = {link for link in found if not link.startswith("https://")}
        assert {f"{BASE}/docs/openapi.json", f"{BASE}/docs/guides/errors"} <= own
        for link in own:
            url = link if link.startswith("http") else address.removesuffix(BASE) + link
            assert browser.get(url).status_code == 200, link


def test_links_of_the_api_lead_through_the_proxy(admin: Client, address: str) -> None:
    made = admin.post("/auth/api-keys", json={"name": "A key", "scopes": ["profile:read"]})
    listed = admin.get("/users?per_page=1&page=1")
    problem = admin.get("/nowhere").json()
    document = admin.get(f"{address}/docs/openapi.json").json()
    assert made.status_code == 201
    assert f"<{address}/api/v1/users?" in listed.headers["link"]
    assert problem["type"].startswith(f"{address}/docs/problems/")
    assert admin.get(problem["type"]).status_code == 200
    assert document["servers"] == [{"url": address}]
    assert f"({address}/docs/problems)" in document["info"]["description"]
    user = {"name": "New", "email": "new@example.com", "password": "a good one, this 42"}
    created = admin.post("/users", json=user)
    assert created.headers["location"].startswith(f"{address}/api/v1/users/")
    assert admin.get(created.headers["location"]).status_code == 200


def test_pages_and_health_ignore_parameters_that_they_do_not_know(address: str) -> None:
    with Client(trust_env=False) as client:
        for path in ("/", "/docs", "/docs/guides", "/docs/openapi.json", "/health", "/health/live"):
            assert client.get(f"{address}{path}?utm_source=x&utm_source=y").status_code == 200, path
        assert client.get(f"{address}/api/v1/hello/Ada?x=1").status_code == 400
