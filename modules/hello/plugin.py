from core.kit import Module
from modules.hello.router import HelloController


class Plugin(Module):
    controllers = (HelloController,)
