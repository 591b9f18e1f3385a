"""The errors of retrying and discarding a delivery."""

from core.kernel.errors import Conflict, NotFound


class DeliveryNotFound(NotFound):
    """It has arrived, was discarded, or never was."""

    code = "events.not_found"
    title = "There is no such delivery; it may have succeeded meanwhile."


class DeliveryRunning(Conflict):
    """A process is at it, and what it does cannot be taken back.

    Wait a minute: by then it has arrived, or can be tried again or discarded.
    """

    code = "events.running"
    title = "This delivery is being attempted right now; try again in a minute."
