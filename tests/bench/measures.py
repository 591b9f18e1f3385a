"""Each measure by name, and its statistics; their keys are those of the targets."""

from collections.abc import Callable, Iterator, Mapping

from tests.bench.attacks import attacks
from tests.bench.lists import cursors, search
from tests.bench.method import Figure
from tests.bench.process_costs import start
from tests.bench.requests import creations, lists, own_profile, profile_changes, rows_read
from tests.bench.scene import Scene
from tests.bench.transfers import transfers
from tests.bench.waiting import beside_others, logins
from tests.bench.words import words

Measure = Callable[[Scene], Iterator[Figure]]

MEASURES: Mapping[str, Measure] = {
    "me": own_profile,
    "row": rows_read,
    "list": lists,
    "patch": profile_changes,
    "post": creations,
    "cursor": cursors,
    "search": search,
    "login": logins,
    "beside": beside_others,
    "attacks": attacks,
    "words": words,
    "files": transfers,
    "start": start,
}
