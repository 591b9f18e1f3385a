"""The type of a JSON document that code builds, or reads by its keys."""

from typing import Any

JsonObject = dict[str, Any]  # Any: a member is any value of JSON, and its reader knows the type
