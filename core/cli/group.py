"""Core's commands and those that modules contribute; each is imported only when it is run."""

from importlib import import_module
from typing import ClassVar

from click import Command, Context, Group

from core.cli.setting_up import contributed_commands


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
        return [*self.own, *contributed_commands()]

    def get_command(self, ctx: Context, name: str) -> Command | None:
        if target := self.own.get(name):
            file, _, attribute = target.partition(":")
            command: Command = getattr(import_module(file), attribute)
            return command
        return contributed_commands().get(name)
