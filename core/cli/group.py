"""The group of all commands, which loads modules only for the list and for their commands."""

from importlib import import_module

from click import Command, Context, Group, HelpFormatter

from core.operations.command_names import CORE_COMMANDS


class AtriumGroup(Group):
    def list_commands(self, ctx: Context) -> list[str]:
        from core.cli.contributed import contributed_commands  # imports modules

        return [*CORE_COMMANDS, *contributed_commands().commands]

    def get_command(self, ctx: Context, name: str) -> Command | None:
        """Return the command. Raises CommandFailed if an unloadable module may contribute it."""
        if target := CORE_COMMANDS.get(name):
            file, _, attribute = target.partition(":")
            command: Command = getattr(import_module(file), attribute)
            return command
        from core.cli.contributed import contributed_commands
        from core.cli.sentences import CommandFailed

        contributed = contributed_commands()
        if name not in contributed.commands and contributed.failures:
            raise CommandFailed(f"There is no command {name}. {' '.join(contributed.failures)}")
        return contributed.commands.get(name)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands, and below them one line for each module that cannot be loaded."""
        super().format_commands(ctx, formatter)
        from core.cli.contributed import contributed_commands

        if failures := contributed_commands().failures:
            with formatter.section("Not loaded"):
                for sentence in failures:
                    formatter.write(f"  {sentence}\n")
