"""The access table of the core."""

from core.testing import AccessTable
from core.web.assets import asset_url

ACCESS = AccessTable(
    """
                                anonymous user other admin disabled key bare_key
DELETE  /api/v1/{path}          404       404  404   404   404      404 404
GET     /api/v1/{path}          404       404  404   404   404      404 404
OPTIONS /api/v1/{path}          404       404  404   404   404      404 404
PATCH   /api/v1/{path}          404       404  404   404   404      404 404
POST    /api/v1/{path}          404       404  404   404   404      404 404
PUT     /api/v1/{path}          404       404  404   404   404      404 404
TRACE   /api/v1/{path}          404       404  404   404   404      404 404
GET     /docs                   200       200  200   200   200      200 200
GET     /docs/guides            200       200  200   200   200      200 200
GET     /docs/guides/{name}     200       200  200   200   200      200 200
GET     /docs/openapi.json      200       200  200   200   200      200 200
GET     /docs/problems          200       200  200   200   200      200 200
GET     /docs/problems/{code}   200       200  200   200   200      200 200
GET     /static/{name}          200       200  200   200   200      200 200
""",
    resources={
        "/static/{name}": asset_url("atrium.css"),
        "/docs/guides/{name}": "/docs/guides/first-steps",
        "/docs/problems/{code}": "/docs/problems/http.not_found",
    },
)
