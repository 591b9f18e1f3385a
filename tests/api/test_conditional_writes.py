"""Each PUT, PATCH and DELETE refuses an ETag that is not the current one, in every module.

The requests are those of the access tables: a module with a table has this test too.
"""

import pytest

from core.testing import AccessRequest, TestUser
from core.testing.access import AccessRow
from tests.api.access_tables import ROWS, TABLES

STALE = {"if-match": '"0000000000000000"'}


def changes_something(row: AccessRow) -> bool:
    return row.method in ("PUT", "PATCH", "DELETE") and min(row.statuses.values()) < 300


WRITES = [(owner, row) for owner, row in ROWS if changes_something(row)]


@pytest.mark.parametrize(("owner", "row"), WRITES, ids=[row.route for _, row in WRITES])
async def test_a_stale_etag_is_refused_and_the_current_one_accepted(
    user: TestUser, admin: TestUser, owner: str, row: AccessRow
) -> None:
    writer = user if row.statuses["user"] < 300 else admin
    table = TABLES[owner]
    request = AccessRequest(row.path, user, writer, admin)
    body = await table.body_of(row.route, request)
    path = await table.path_of(request)
    refused = await writer.client.request(row.method, path, **body, headers=STALE)
    assert (refused.status_code, refused.json()["code"]) == (412, "http.stale")
    if etag := (await writer.client.get(path)).headers.get("etag"):
        accepted = await writer.client.request(row.method, path, **body, headers={"if-match": etag})
        assert accepted.is_success, accepted.text
