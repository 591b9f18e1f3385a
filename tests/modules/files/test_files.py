"""The metadata of files: it is listed, changed and deleted by users with access."""

from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from core.kit import HealthCheck, PageRequest, PersonalData, Statistic, UserStatistic
from core.kit.platform import AuditEntry
from core.testing import CLIENTS, ROUNDS, CoreContainer, TestUser, at_once, published
from modules.files.errors import StorageDown
from modules.files.events import ContentDropped
from modules.files.public import FileDeleted, FileUploaded
from modules.files.schemas import AdminFileRead
from modules.files.service.files import FileService
from tests.modules.files.uploads import FILES, PNG, Traces, form, part, refusal, send, upload

pytestmark = pytest.mark.anyio


def path_of(file: dict[str, str]) -> str:
    return f"{FILES}/{file['id']}"


async def test_another_users_file_does_not_exist(
    user: TestUser, other_user: TestUser, client: AsyncClient, traces: Traces
) -> None:
    path = path_of(await upload(user.client))
    before = await traces.all()
    name = {"original_filename": "b.txt"}
    for answer in (
        await other_user.client.get(path),
        await other_user.client.patch(path, json=name),
        await other_user.client.patch(path, json=name | {"visibility": "public"}),
        await other_user.client.delete(path),
        await other_user.client.delete(path, headers={"if-match": '"x"'}),
    ):
        assert refusal(answer) == (404, "files.not_found")
    assert (await other_user.client.get(FILES)).json()["total"] == 0
    assert (await client.get(path)).status_code == 401
    assert (await client.get(FILES)).status_code == 401
    assert await traces.all() == before
    assert (await user.client.get(path)).json()["original_filename"] == "a.txt"


async def test_who_manages_files_sees_and_deletes_but_does_not_open(
    user: TestUser, admin: TestUser, traces: Traces
) -> None:
    path = path_of(await upload(user.client))
    assert (await admin.client.get(path)).json() == (await user.client.get(path)).json()
    opened = await admin.client.patch(path, json={"visibility": "public"})
    assert refusal(opened) == (403, "files.content_not_yours")
    assert (await admin.client.patch(path, json={"visibility": "private"})).status_code == 200
    assert (await admin.client.get(FILES)).json()["total"] == 0
    assert (await admin.client.delete(path)).status_code == 204
    await traces.core.relay().deliver_all()
    assert await traces.all() == (set(), 0, [])


async def test_looking_at_another_users_file_is_on_record(
    user: TestUser, admin: TestUser, other_user: TestUser, traces: Traces
) -> None:
    file = await upload(user.client)
    for reader in (user, other_user, admin):
        await reader.client.get(path_of(file))
    await admin.client.patch(path_of(file), json={"visibility": "private"})
    wanted = select(AuditEntry.actor_id, AuditEntry.target_id, AuditEntry.outcome).where(
        AuditEntry.action == "files.read"
    )
    async with traces.core.db().read() as reads:
        rows = (await reads.execute(wanted)).all()
    assert [tuple(row) for row in rows] == [(admin.id, file["id"], "success")]


async def test_a_deleted_file_is_gone_from_everywhere(user: TestUser, traces: Traces) -> None:
    path = path_of(await upload(user.client))
    await upload(user.client, b"stays")
    assert (await user.client.delete(path)).status_code == 204
    await traces.core.relay().deliver_all()
    for answer in (
        await user.client.get(path),
        await user.client.get(f"{path}/download"),
        await user.client.delete(path),
    ):
        assert refusal(answer) == (404, "files.not_found")
    stored, rows, used = await traces.all()
    assert (len(stored), rows, used) == (1, 1, [(5, 1)])


async def test_a_change_leaves_the_bytes_alone(user: TestUser) -> None:
    file = await upload(user.client, PNG, "a.png")
    changed = await user.client.patch(
        path_of(file), json={"original_filename": "한글.PNG", "visibility": "public"}
    )
    body = changed.json()
    assert (body["original_filename"], body["visibility"]) == ("한글.PNG", "public")
    same = ("id", "filename", "size", "content_type", "checksum_sha256", "created_at")
    assert [body[name] for name in same] == [file[name] for name in same]
    assert body["updated_at"] > file["updated_at"]
    assert (await user.client.get(path_of(file))).json() == body


async def test_a_change_that_is_refused(user: TestUser) -> None:
    file = await upload(user.client)
    for change, code in (
        ({"original_filename": "a.png"}, "files.extension_changed"),
        ({"original_filename": "a"}, "files.extension_changed"),
        ({"original_filename": "../a.txt"}, "files.name_invalid"),
        ({"original_filename": "a\0.txt"}, "files.name_invalid"),
        ({"original_filename": ""}, "files.name_invalid"),
        ({"original_filename": None}, "http.invalid"),
        ({"visibility": None}, "http.invalid"),
        ({"visibility": "shared"}, "http.invalid"),
        ({"size": 1}, "http.invalid"),
        ({"owner_id": file["id"]}, "http.invalid"),
    ):
        answer = await user.client.patch(path_of(file), json=change)
        assert refusal(answer) == (400, code), change
    assert (await user.client.get(path_of(file))).json() == file


@pytest.mark.race
async def test_one_of_the_writers_with_one_etag_wins(user: TestUser) -> None:
    path = path_of(await upload(user.client))
    for number in range(ROUNDS):  # each name is new, because an equal name changes nothing
        seen = {"if-match": (await user.client.get(path)).headers["etag"]}
        renamings = (
            user.client.patch(path, json={"original_filename": f"{number}.{n}.txt"}, headers=seen)
            for n in range(CLIENTS)
        )
        answers = await at_once(*renamings)
        assert sorted(each.status_code for each in answers) == [200] + [412] * (CLIENTS - 1)
    assert (await user.client.delete(path, headers=seen)).status_code == 412
    fresh = {"if-match": (await user.client.get(path)).headers["etag"]}
    assert (await user.client.delete(path, headers=fresh)).status_code == 204


async def test_a_list_is_searched_filtered_and_sorted(user: TestUser) -> None:
    for name, content in (("b 5%.txt", b"22"), ("a.png", PNG), ("c.txt", b"1")):
        await upload(user.client, content, name)

    async def names(query: str) -> list[str]:
        answer = await user.client.get(f"{FILES}?{query}")
        assert answer.status_code == 200, answer.text
        return [each["original_filename"] for each in answer.json()["data"]]

    assert await names("") == ["c.txt", "a.png", "b 5%.txt"]
    assert await names("sort=original_filename") == ["a.png", "b 5%.txt", "c.txt"]
    assert await names("sort=-size") == ["a.png", "b 5%.txt", "c.txt"]
    assert await names("search=5%25") == ["b 5%.txt"]
    assert await names("search=PNG") == ["a.png"]
    assert await names("content_type=text/plain&sort=size") == ["c.txt", "b 5%.txt"]
    assert await names("cursor=&per_page=2") == ["c.txt", "a.png"]
    for query in ("sort=storage_key", "owner_id=1", "content_type=a&content_type=b"):
        assert (await user.client.get(f"{FILES}?{query}")).status_code == 400


async def test_what_is_not_built_yet_is_not_there(user: TestUser) -> None:
    path = path_of(await upload(user.client))
    for route in (f"{FILES}/resumable", f"{FILES}/direct", f"{path}/links", f"{path}/restore"):
        assert (await user.client.post(route)).status_code == 404, route
    for route in (f"{path}/thumbnail", f"{path}/links", f"{FILES}/shared/token", f"{FILES}/trash"):
        assert (await user.client.get(route)).status_code == 404, route
    for route in (f"{FILES}/resumable", f"{FILES}/direct", f"{FILES}/trash"):
        assert (await user.client.delete(route)).status_code == 404, route


async def test_others_are_told(user: TestUser, core: CoreContainer, traces: Traces) -> None:
    file = await upload(user.client)
    await user.client.delete(path_of(file))
    assert {FileUploaded.name, FileDeleted.name} == {"files.uploaded", "files.deleted"}
    events = await published(core, FileUploaded, ContentDropped, FileDeleted)
    names = [each.name for each in events]
    assert names == ["files.uploaded", "files.content_dropped", "files.deleted"]


async def test_what_is_held_about_a_user_is_told_and_erased(
    user: TestUser, other_user: TestUser, core: CoreContainer, traces: Traces
) -> None:
    mine = await upload(user.client)
    theirs = await upload(other_user.client, b"theirs")
    contributed = core.contributions()
    [data] = contributed.of(PersonalData, "files")
    figures = {each.name: each.count for each in contributed.of(UserStatistic, "files")}
    exported = (await user.client.get("/api/v1/users/me/export")).json()["data"]
    assert exported["files.files"] == [mine]
    assert await figures["files.files"](user.id) == 1
    assert await figures["files.bytes"](user.id) == mine["size"]
    statistics = {each.name: each.read for each in contributed.of(Statistic, "files")}
    assert await statistics["files.count"]() == 2
    assert await statistics["files.bytes"]() == mine["size"] + theirs["size"]
    await data.erase(user.id)
    await core.relay().deliver_all()
    stored, rows, used = await traces.all()
    assert (len(stored), rows, used) == (1, 1, [(6, 1)])
    assert (await other_user.client.get(path_of(theirs) + "/download")).content == b"theirs"


async def test_the_storage_is_asked_after_its_health(core: CoreContainer, traces: Traces) -> None:
    [check] = core.contributions().of(HealthCheck, "files")
    await check.check()
    assert traces.stored() == set()
    root = traces.settings.data_dir / "files"
    for each in sorted(root.rglob("*"), reverse=True):
        each.rmdir()
    root.rmdir()
    root.write_text("in the way")
    with pytest.raises(StorageDown):
        await check.check()


async def test_an_admin_pages_over_everyones_files(
    user: TestUser, other_user: TestUser, core: CoreContainer, files_of_all: FileService
) -> None:
    mine, theirs = await upload(user.client), await upload(other_user.client, b"theirs")
    rows = await files_of_all.page(PageRequest())
    assert [each.id for each in rows.items] == [UUID(theirs["id"]), UUID(mine["id"])]
    owners = [each.owner_id for each in AdminFileRead.paged(rows).data]
    assert owners == [other_user.id, user.id]


async def test_a_key_does_what_its_scopes_say(user: TestUser, client: AsyncClient) -> None:
    path = path_of(await upload(user.client))
    asked = {"name": "reader", "scopes": ["files:read"]}
    key = (await user.client.post("/api/v1/auth/api-keys", json=asked)).json()["key"]
    client.headers["x-api-key"] = key
    for route in (FILES, path, f"{path}/download", f"{FILES}/usage"):
        assert (await client.get(route)).status_code == 200, route
    for answer in (
        await send(client, form(part(b"x"))),
        await client.patch(path, json={"visibility": "public"}),
        await client.delete(path),
    ):
        assert refusal(answer) == (403, "auth.insufficient_scope")


async def test_each_act_is_on_record_once(user: TestUser, core: CoreContainer) -> None:
    path = path_of(await upload(user.client))
    await send(user.client, form(part(b"x", "a.exe")))
    await user.client.patch(path, json={"visibility": "public"})
    await user.client.patch(path, json={"original_filename": "a.png"})
    await user.client.delete(path)
    await user.client.delete(path)
    record = select(AuditEntry.action, AuditEntry.outcome, AuditEntry.actor_id).where(
        AuditEntry.action.startswith("files.")
    )
    async with core.db().read() as reads:
        rows = (await reads.execute(record.order_by(AuditEntry.id))).all()
    assert [(row.action.removeprefix("files."), row.outcome) for row in rows] == [
        ("upload", "success"),
        ("upload", "refused"),
        ("change", "success"),
        ("change", "refused"),
        ("delete", "success"),
        ("delete", "refused"),
    ]
    assert {row.actor_id for row in rows} == {user.id}
