"""A round trip with openapi-python-client."""

import os
from io import BytesIO

from atrium_client import AuthenticatedClient, Client
from atrium_client.api.auth import auth_log_in, auth_register
from atrium_client.api.files import files_download, files_upload
from atrium_client.api.posts import posts_list, posts_publish
from atrium_client.api.users import users_change_me, users_read_me
from atrium_client.models import (
    AuthRegisterResponse409,
    Credentials,
    FileRead,
    FilesUploadBody,
    PostDraft,
    PostList,
    PostsListSortItem,
    ProfileUpdate,
    RegistrationRequest,
    TokensRead,
    UserRead,
    UsersChangeMeResponse412,
)
from atrium_client.types import File

ADDRESS = os.environ["ADDRESS"]
EMAIL, PASSWORD = "python@example.com", "hop from note to note"


def main() -> None:
    visitor = Client(base_url=ADDRESS)
    user = RegistrationRequest(name="Hedy", email=EMAIL, password=PASSWORD)
    assert auth_register.sync_detailed(client=visitor, body=user).status_code == 201
    taken = auth_register.sync(client=visitor, body=user)
    assert isinstance(taken, AuthRegisterResponse409)
    assert taken.code == "users.email_taken"
    tokens = auth_log_in.sync(client=visitor, body=Credentials(email=EMAIL, password=PASSWORD))
    assert isinstance(tokens, TokensRead)
    travel(AuthenticatedClient(base_url=ADDRESS, token=tokens.access_token))


def travel(client: AuthenticatedClient) -> None:
    me = users_read_me.sync_detailed(client=client)
    assert isinstance(me.parsed, UserRead) and me.parsed.name == "Hedy"
    for title in ("Bread", "Butter", "Bread"):
        posts_publish.sync(client=client, body=PostDraft(title=title, content="All about it."))
    list_posts(client, me.parsed)
    keep_a_file(client)
    change(client, me.headers["etag"])


def list_posts(client: AuthenticatedClient, me: UserRead) -> None:
    order = [PostsListSortItem.TITLE, PostsListSortItem("-created_at")]
    page = posts_list.sync(client=client, author_id=me.id, page=1, per_page=2, sort=order)
    assert isinstance(page, PostList) and page.total == 3
    assert [post.title for post in page.data] == ["Bread", "Bread"]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        part = posts_list.sync(client=client, author_id=me.id, cursor=cursor, per_page=2)
        assert isinstance(part, PostList)
        seen += [post.title for post in part.data]
        cursor = part.next_cursor
    assert len(seen) == 3


def keep_a_file(client: AuthenticatedClient) -> None:
    file = File(payload=BytesIO(b"Some words."), file_name="words.txt")
    kept = files_upload.sync(client=client, body=FilesUploadBody(file=file))
    assert isinstance(kept, FileRead)
    part = files_download.sync_detailed(kept.id, client=client, range_="bytes=0-3")
    assert (part.status_code, part.content) == (206, b"Some")


def change(client: AuthenticatedClient, tag: str) -> None:
    older = ProfileUpdate(age=36)
    changed = users_change_me.sync(client=client, body=older, if_match=tag)
    assert isinstance(changed, UserRead) and changed.age == 36
    stale = users_change_me.sync(client=client, body=older, if_match=tag)
    assert isinstance(stale, UsersChangeMeResponse412)
    assert stale.code == "http.stale"


main()
