from core.kit import Module, ModuleContainer
from modules.hello.router import HelloController


class Plugin(Module[ModuleContainer]):
    container_type = ModuleContainer
    controllers = (HelloController,)
