"""What may be wrong when an admin looks after deliveries."""

from core.kernel.errors import Conflict, NotFound


class DeliveryNotFound(NotFound):
    code = "events.not_found"
    title = "No such delivery; it may have arrived meanwhile."


class DeliveryRunning(Conflict):
    code = "events.running"
    title = "This delivery is being attempted right now; try again in a minute."
