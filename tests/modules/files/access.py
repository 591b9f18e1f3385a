"""The access table of the module."""

from core.testing import AccessTable, TestUser

FILES = "/api/v1/files"
TEXT = ("a.txt", b"some text")


async def new_file(owner: TestUser) -> object:
    sent = await owner.client.post(f"{FILES}/upload", files={"file": TEXT})
    return sent.json()["id"]


ACCESS = AccessTable(
    """
                                           anonymous user other admin disabled key bare_key
GET     /api/v1/admin/files                401       403  403   200   401      403 403
DELETE  /api/v1/admin/files/{file_id}      401       403  403   204   401      403 403
GET     /api/v1/files                      401       200  200   200   401      200 403
DELETE  /api/v1/files/direct               404       404  404   404   404      404 404
GET     /api/v1/files/direct               404       404  404   404   404      404 404
OPTIONS /api/v1/files/direct               404       404  404   404   404      404 404
PATCH   /api/v1/files/direct               404       404  404   404   404      404 404
POST    /api/v1/files/direct               404       404  404   404   404      404 404
PUT     /api/v1/files/direct               404       404  404   404   404      404 404
DELETE  /api/v1/files/resumable            404       404  404   404   404      404 404
GET     /api/v1/files/resumable            404       404  404   404   404      404 404
OPTIONS /api/v1/files/resumable            404       404  404   404   404      404 404
PATCH   /api/v1/files/resumable            404       404  404   404   404      404 404
POST    /api/v1/files/resumable            404       404  404   404   404      404 404
PUT     /api/v1/files/resumable            404       404  404   404   404      404 404
DELETE  /api/v1/files/trash                404       404  404   404   404      404 404
GET     /api/v1/files/trash                404       404  404   404   404      404 404
OPTIONS /api/v1/files/trash                404       404  404   404   404      404 404
PATCH   /api/v1/files/trash                404       404  404   404   404      404 404
POST    /api/v1/files/trash                404       404  404   404   404      404 404
PUT     /api/v1/files/trash                404       404  404   404   404      404 404
POST    /api/v1/files/upload               401       201  201   201   401      201 403
POST    /api/v1/files/upload-multiple      401       201  201   201   401      201 403
GET     /api/v1/files/usage                401       200  200   200   401      200 403
DELETE  /api/v1/files/{file_id}            401       204  404   204   401      204 403
GET     /api/v1/files/{file_id}            401       200  404   200   401      200 403
PATCH   /api/v1/files/{file_id}            401       200  404   200   401      200 403
GET     /api/v1/files/{file_id}/download   401       200  404   403   401      200 403
""",
    bodies={
        f"POST {FILES}/upload": {"files": {"file": TEXT}},
        f"POST {FILES}/upload-multiple": {"files": {"files": TEXT}},
        f"PATCH {FILES}/{{file_id}}": {"json": {"visibility": "private"}},
    },
    resources={"{file_id}": new_file},
)
