"""The access table of the module."""

from core.testing import AccessTable

ACCESS = AccessTable("""
                                 anonymous user other admin disabled key bare_key
GET    /api/v1/posts             200       200  200   200   401      200 200
POST   /api/v1/posts             401       201  201   201   401      201 403
DELETE /api/v1/posts/{post_id}   401       204  403   204   401      204 403
GET    /api/v1/posts/{post_id}   200       200  200   200   401      200 200
PATCH  /api/v1/posts/{post_id}   401       200  403   200   401      200 403
PUT    /api/v1/posts/{post_id}   401       200  403   200   401      200 403
""")
