"""CPU ratios of single requests to raw uvicorn."""

from collections.abc import Callable, Iterator, Sequence

from tests.bench.databases import BACKENDS
from tests.bench.method import Figure, Subject
from tests.bench.scene import Scene
from tests.bench.service import API, Service
from tests.bench.wrk import Request

Requests = Callable[[Service], Sequence[Request]]


def own_profile(scene: Scene) -> Iterator[Figure]:
    service = scene.service("sqlite")
    subject = Subject("me", service.server, service.by_each("GET", "/users/me"))
    compared = scene.compare(subject)
    yield Figure("floor.bare", compared.ratio("bare"), compared.note)
    yield Figure("me", compared.ratio("me"), compared.note)


def rows_read(scene: Scene) -> Iterator[Figure]:
    """Measure reads of posts, which no cache has."""
    yield from on_each_database(scene, "row", row_requests)


def row_requests(service: Service) -> Sequence[Request]:
    body = {"title": "A post", "content": "Its words, which are read each time."}
    post = service.client(service.people[0]).send("POST", f"{API}/posts", body)
    return service.by_each("GET", f"/posts/{post['id']}")


def lists(scene: Scene) -> Iterator[Figure]:
    yield from on_each_database(scene, "list", lambda it: it.by_admin("GET", "/users"))


def profile_changes(scene: Scene) -> Iterator[Figure]:
    yield from on_each_database(scene, "patch", profile_requests)


def profile_requests(service: Service) -> Sequence[Request]:
    """Return the requests; each PATCH changes a value."""
    ages = [service.by_each("PATCH", "/users/me", {"age": age}) for age in (40, 41)]
    return [request for by_all in ages for request in by_all]


def creations(scene: Scene) -> Iterator[Figure]:
    def requests(service: Service) -> Sequence[Request]:
        return service.by_each("POST", "/posts", {"title": "A post", "content": "A few words."})

    yield from on_each_database(scene, "post", requests)


def on_each_database(scene: Scene, key: str, requests: Requests) -> Iterator[Figure]:
    subjects = []
    for backend in BACKENDS:
        service = scene.service(backend)
        subjects.append(Subject(f"{key}.{backend}", service.server, requests(service)))
    compared = scene.compare(*subjects)
    for subject in subjects:
        yield Figure(subject.name, compared.ratio(subject.name), compared.note)
