"""Where the process stands: whether it has been asked to stop, and what it is still answering."""


class Lifecycle:
    stopping = False
    """Set by the server as soon as it is asked to stop: readiness fails from then on."""
    in_flight = 0
