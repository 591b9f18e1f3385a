"""The commands that modules contribute: listed without an application, run over a whole one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial, wraps
from typing import Any, cast

from click import Command as ClickCommand
from click import Group

from config.settings import SettingsError
from core.cli.setting_up import tables_must_fit, the_core
from core.kernel.contributions import WiringError
from core.kernel.loading import told_in_a_sentence
from core.operations.command_names import doubled_commands
from core.operations.contributions import Command
from core.wiring.container import CoreContainer
from core.wiring.registry import AnyModule, construct
from core.wiring.settings import usable_modules


@dataclass
class ContributedCommands:
    """Those of modules that can be loaded, and a sentence for each module that cannot."""

    commands: dict[str, ClickCommand] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@cache
def contributed_commands() -> ContributedCommands:
    """List them without building a service. A name that two modules give is of neither."""
    usable = usable_modules()
    core = CoreContainer(settings=usable.settings)
    found = ContributedCommands(failures=usable.failures)
    every: list[tuple[str, ClickCommand]] = []
    for name, plugin in usable.plugins.items():
        try:
            every += [(name, command) for command in made(name, plugin, core)]
        except (WiringError, SettingsError) as error:
            found.failures.append(str(error))
    doubled = doubled_commands((name, each.name or "") for name, each in every)
    found.failures += [f"{sentence[0].upper()}{sentence[1:]}." for sentence in doubled.values()]
    found.commands |= {each.name or "": each for _, each in every if each.name not in doubled}
    return found


def made(name: str, plugin: type[AnyModule], core: CoreContainer) -> Iterator[ClickCommand]:
    module, contributed = construct(name, plugin, core)
    for each in contributed:
        if isinstance(each, Command):
            with told_in_a_sentence(f"The command {each.name} cannot be made", module.package):
                command = each.make()
                if not isinstance(command, ClickCommand):
                    raise TypeError(f"{command!r} is no click command")
            let_run(command, partial(made_by_whole, each.name))
            yield command


def let_run(command: ClickCommand, whole: Callable[[], ClickCommand]) -> None:
    """Let the command, or each of a group, run as `whole` does, over tables that fit."""
    if isinstance(command, Group):
        for name, each in command.commands.items():
            let_run(each, partial(part_of, whole, name))
    elif (callback := command.callback) is not None:

        @wraps(callback)
        def run_whole(*args: Any, **options: Any) -> Any:
            tables_must_fit()
            run: Callable[..., Any] = whole().callback or callback
            return run(*args, **options)

        command.callback = run_whole


def made_by_whole(name: str) -> ClickCommand:
    """Return the command as its module makes it once every module is built."""
    contributed = the_core().contributions().of(Command)
    return next(each for each in contributed if each.name == name).make()


def part_of(group: Callable[[], ClickCommand], name: str) -> ClickCommand:
    return cast("Group", group()).commands[name]
