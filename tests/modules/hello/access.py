"""The access table of the module."""

from core.testing import AccessTable

ACCESS = AccessTable(
    """
                           anonymous user other admin disabled key bare_key
GET /api/v1/hello/{name}   200       200  200   200   401      200 200
""",
    resources={"{name}": "World"},
)
