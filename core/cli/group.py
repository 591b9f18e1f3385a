"""Core's commands and those that modules contribute; each is imported only when it is run."""

from importlib import import_module
from typing import ClassVar

from click import Command, Context, Group, HelpFormatter


class AtriumGroup(Group):
    own: ClassVar[dict[str, str]] = {
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

    def list_commands(self, ctx: Context) -> list[str]:
        from core.cli.contributed import contributed_commands  # what a module needs is heavy

        return [*self.own, *contributed_commands().commands]

    def get_command(self, ctx: Context, name: str) -> Command | None:
        """Raises CommandFailed where it may be a command of a module that cannot be loaded."""
        if target := self.own.get(name):
            file, _, attribute = target.partition(":")
            command: Command = getattr(import_module(file), attribute)
            return command
        from core.cli.contributed import contributed_commands
        from core.cli.sentences import CommandFailed

        found = contributed_commands()
        if name not in found.commands and found.failures:
            raise CommandFailed(f"There is no command {name}. {' '.join(found.failures)}")
        return found.commands.get(name)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Below them, a sentence for each module that cannot be loaded, on a line of its own."""
        super().format_commands(ctx, formatter)
        from core.cli.contributed import contributed_commands

        if failures := contributed_commands().failures:
            with formatter.section("Not loaded"):
                for sentence in failures:
                    formatter.write(f"  {sentence}\n")
