"""The errors of retrying and discarding a delivery."""

from core.kernel.errors import Conflict, NotFound


class DeliveryNotFound(NotFound):
    """The delivery has succeeded, was discarded, or never existed."""

    code = "events.not_found"
    title = "There is no such delivery; it may have succeeded meanwhile."


class DeliveryRunning(Conflict):
    """A process is attempting the delivery, and an attempt cannot be undone.

    Wait a minute. The delivery has then succeeded, or can be tried again or discarded.
    """

    code = "events.running"
    title = "This delivery is being attempted right now; try again in a minute."
