"""The commands of modules: listed without an application, run with all modules built."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial, wraps
from typing import cast

from click import Command as ClickCommand
from click import Group

from config.settings import SettingsError
from core.cli.loading import loaded_core, require_migrated
from core.kernel.contributions import WiringError
from core.kernel.loading import as_wiring_error
from core.operations.command_names import doubled_commands
from core.operations.contributions import Command
from core.wiring.assembly import construct
from core.wiring.container import CoreContainer
from core.wiring.module import Module
from core.wiring.settings import usable_modules


@dataclass
class ContributedCommands:
    """The commands of modules that can be loaded, and a sentence for each failure."""

    commands: dict[str, ClickCommand] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@cache
def contributed_commands() -> ContributedCommands:
    """List the commands without building a service, except those whose name is used twice."""
    usable = usable_modules()
    core = CoreContainer(settings=usable.settings)
    contributed = ContributedCommands(failures=usable.failures)
    every: list[tuple[str, ClickCommand]] = []
    for name, plugin in usable.plugins.items():
        try:
            every += [(name, command) for command in make_commands(name, plugin, core)]
        except (WiringError, SettingsError) as error:
            contributed.failures.append(str(error))
    doubled = doubled_commands((name, command.name or "") for name, command in every)
    contributed.failures += [
        f"{sentence[0].upper()}{sentence[1:]}." for sentence in doubled.values()
    ]
    contributed.commands |= {it.name or "": it for _, it in every if it.name not in doubled}
    return contributed


def make_commands(name: str, plugin: type[Module], core: CoreContainer) -> Iterator[ClickCommand]:
    module, contributed = construct(name, plugin, core)
    for part in contributed:
        if isinstance(part, Command):
            with as_wiring_error(f"The command {part.name} cannot be made", module.package):
                command = part.make()
                if not isinstance(command, ClickCommand):
                    raise TypeError(f"{command!r} is not a click command")
            let_run(command, partial(built_command, part.name))
            yield command


def let_run(command: ClickCommand, whole: Callable[[], ClickCommand]) -> None:
    """Let the command, or each command of a group, check the tables and run as `whole` does."""
    if isinstance(command, Group):
        for name, part in command.commands.items():
            let_run(part, partial(part_of, whole, name))
    elif (callback := command.callback) is not None:

        @wraps(callback)
        def run_whole(*args: object, **options: object) -> object:
            require_migrated()
            run: Callable[..., object] = whole().callback or callback
            return run(*args, **options)

        command.callback = run_whole


def built_command(name: str) -> ClickCommand:
    """Return the command as its module makes it once every module is built."""
    contributed = loaded_core().contributions().of(Command)
    return next(command for command in contributed if command.name == name).make()


def part_of(group: Callable[[], ClickCommand], name: str) -> ClickCommand:
    return cast("Group", group()).commands[name]
