"""The access table of the module."""

from core.testing import AccessTable

ACCESS = AccessTable("""
                    anonymous user other admin disabled key bare_key
GET /               200       200  200   200   200      200 200
GET /health         200       200  200   200   200      200 200
GET /health/live    200       200  200   200   200      200 200
GET /health/ready   200       200  200   200   200      200 200
GET /metrics        200       200  200   200   200      200 200
""")
