"""Core's commands and those that modules contribute; each is imported only when it is run."""

from importlib import import_module

from click import Command, Context, Group, HelpFormatter

from core.operations.command_names import CORE_COMMANDS


class AtriumGroup(Group):
    def list_commands(self, ctx: Context) -> list[str]:
        from core.cli.contributed import contributed_commands  # what a module needs is heavy

        return [*CORE_COMMANDS, *contributed_commands().commands]

    def get_command(self, ctx: Context, name: str) -> Command | None:
        """Raises CommandFailed where it may be a command of a module that cannot be loaded."""
        if target := CORE_COMMANDS.get(name):
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
