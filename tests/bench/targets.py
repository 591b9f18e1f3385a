"""The targets: `must` is required, `goal` is to be approached in plain code."""

from dataclasses import dataclass

RATIO = "CPU ratio"


@dataclass(frozen=True)
class Target:
    """One line of the table; `unit` is that of its numbers."""

    key: str
    work: str
    unit: str
    must: float
    goal: float
    more_is_better: bool = True

    def reached(self, value: float) -> str:
        if self._at_least(value, self.goal):
            return "goal"
        return "must" if self._at_least(value, self.must) else "missed"

    def share_of_goal(self, value: float) -> float:
        """Return 1 at the goal and more beyond it, for rising and falling numbers."""
        if self.more_is_better:
            return value / self.goal
        return self.goal / value if value else float("inf")

    def _at_least(self, value: float, wanted: float) -> bool:
        return value >= wanted if self.more_is_better else value <= wanted


def less(key: str, work: str, unit: str, must: float, goal: float) -> Target:
    return Target(key, work, unit, must, goal, more_is_better=False)


TARGETS = (
    Target("me", "GET /users/me, from caches", RATIO, 0.20, 0.28),
    Target("row.sqlite", "GET a row truly read, SQLite", RATIO, 0.10, 0.15),
    Target("row.postgresql", "GET a row truly read, PostgreSQL", RATIO, 0.08, 0.11),
    Target("list.sqlite", "20 of 100,000 with exact total, SQLite", RATIO, 0.045, 0.08),
    Target("list.postgresql", "20 of 100,000 with exact total, PostgreSQL", RATIO, 0.04, 0.05),
    Target("patch.sqlite", "PATCH /users/me, audited, SQLite", RATIO, 0.03, 0.045),
    Target("patch.postgresql", "PATCH /users/me, audited, PostgreSQL", RATIO, 0.025, 0.035),
    Target("post.sqlite", "POST that creates a row, audited, SQLite", RATIO, 0.03, 0.05),
    Target("post.postgresql", "POST that creates a row, audited, PostgreSQL", RATIO, 0.03, 0.05),
    less("cursor.sqlite", "cursor at 500,000 of 1,000,000, SQLite", "x page 1", 1.3, 1.1),
    less("cursor.postgresql", "cursor at 500,000 of 1,000,000, PostgreSQL", "x page 1", 1.3, 1.1),
    Target("search.sqlite", "search, rare term in 100,000, SQLite", "x LIKE", 50, 75),
    Target("search.postgresql", "search, rare term in 100,000, PostgreSQL", "x ILIKE", 50, 75),
    Target("words.total.sqlite", "common word of 200,000, total, SQLite", "x LIKE", 2, 3),
    Target("words.syllables.sqlite", "two syllables in 200,000, SQLite", "x LIKE", 8, 15),
    less("words.cursor.sqlite", "common word by cursor, SQLite", "x list", 2, 1.3),
    Target(
        "words.total.postgresql", "common word of 200,000, total, PostgreSQL", "x LIKE", 1.5, 2.5
    ),
    Target("words.syllables.postgresql", "two syllables in 200,000, PostgreSQL", "x LIKE", 20, 40),
    less("words.cursor.postgresql", "common word by cursor, PostgreSQL", "x list", 2, 1.3),
    Target("login.rate", "logins per second and core", "/s", 20, 28),
    less("login.p99", "p99 of /users/me while 50 people log in", "ms", 15, 8),
    less("beside.writers", "p99 of a read beside 8 writers", "ms", 10, 6),
    less("beside.scan", "p99 of a read beside a long scan", "ms", 15, 10),
    less("attacks.lists", "p99 of a read beside eight lists, 200,000 posts", "ms", 50, 15),
    less("attacks.searches", "p99 of a read beside eight searches", "ms", 50, 15),
    less("attacks.members", "p99 of a read beside bodies of 27,000 members", "ms", 50, 25),
    less("attacks.marks", "p99 of a read beside names of 40,000 marks", "ms", 50, 25),
    less("attacks.exports", "p99 of a read beside exports of 60,000 rows", "ms", 50, 15),
    less("attacks.export_memory", "memory growth, first export of 60,000 rows", "MB", 10, 5),
    less("attacks.pipelined_memory", "memory growth, 200,000 pipelined requests", "MB", 8, 2),
    less("files.download", "download", "CPU s/GB", 0.8, 0.5),
    less("files.upload", "multipart upload with SHA-256", "CPU s/GB", 2.4, 1.6),
    less("files.memory", "memory growth, 200 MB up or down", "MB", 16, 8),
    less("start.ready", "start to ready", "s", 1.5, 1.0),
    less("start.memory", "idle memory", "MB", 110, 90),
)
BY_KEY = {target.key: target for target in TARGETS}
