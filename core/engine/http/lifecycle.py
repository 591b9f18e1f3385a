"""The state of the process: whether it stops, and the number of requests in progress."""


class Lifecycle:
    stopping = False
    """The server sets this as soon as it is asked to stop; readiness fails from then on."""
    in_flight = 0
