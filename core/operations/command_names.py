"""The commands of core, and a sentence for each command name that is used twice."""

from collections import defaultdict
from collections.abc import Iterable

CORE_COMMANDS = {
    "serve": "core.cli.serve:serve",
    "migrate": "core.cli.migrate:migrate",
    "revision": "core.cli.migrate:revision",
    "downgrade": "core.cli.migrate:downgrade",
    "seed": "core.cli.seed:seed",
    "module": "core.cli.modules:module",
    "routes": "core.cli.routes:routes",
    "openapi": "core.cli.openapi:openapi",
    "settings": "core.cli.settings:settings",
    "doctor": "core.cli.doctor:doctor",
}
"""Each command of core with its file and attribute, which is imported when the command runs."""


def doubled_commands(contributed: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return a sentence for each command name that is used more than once.

    `contributed` has the module and the name of each command.
    """
    owners = defaultdict[str, list[str]](list)
    for module, name in (*(("core", name) for name in CORE_COMMANDS), *contributed):
        owners[name].append(module)
    return {
        name: f"the command {name} is contributed by {' and by '.join(sorted(modules))}: rename one"
        for name, modules in owners.items()
        if len(modules) > 1
    }
