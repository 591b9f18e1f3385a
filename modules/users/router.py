from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from litestar import Controller, Request, Response
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from core.kit import (
    IfMatch,
    Page,
    PageRequest,
    Principal,
    authenticated,
    delete,
    get,
    patch,
    post,
    put,
    requires,
    utc_now,
)
from core.kit.platform import (
    PROOF_REFUSALS,
    BodyResponse,
    Representation,
    StreamedResponse,
)
from modules.users.errors import NotYoursToChange, UseDeletion
from modules.users.permissions import PROFILE_READ, READ, WRITE
from modules.users.public import BeyondOwnRights, EmailTaken, LastAdmin, Person, UserNotFound
from modules.users.queries import ACTIVITY, PEOPLE
from modules.users.schemas import (
    ActivityRead,
    DeletionRead,
    DeletionRequest,
    ExportRead,
    ProfileReplace,
    ProfileUpdate,
    SummaryRead,
    UserCreate,
    UserRead,
    UserReplace,
)
from modules.users.service.account_deletion import AccountDeletion
from modules.users.service.personal_data import PersonalDataService
from modules.users.service.profiles import ProfileService

AnyRequest = Request[Any, Any, Any]

X_CACHE = ResponseHeader(name="X-Cache", description="`hit` or `miss`.", documentation_only=True)
CONTENT_DISPOSITION = ResponseHeader(
    name="Content-Disposition", description="What to call the file.", documentation_only=True
)
readable_by_key = authenticated.with_scope(PROFILE_READ)
own_refusals = (EmailTaken, *PROOF_REFUSALS)
refusals = (UserNotFound, NotYoursToChange, BeyondOwnRights, EmailTaken, *PROOF_REFUSALS)


@lru_cache(10_000)
def finished(person: Person, path: str) -> UserRead:
    """Return the encoded body, made once for a Person, which is replaced but never changed.

    The response sends the value as it is, so the route can declare it as the body.
    """
    return cast("UserRead", Representation(UserRead.of(person), path))


class ProfileController(Controller):
    path = "/me"

    @get(summary="Read one's own profile", policy=readable_by_key)
    async def read_me(
        self,
        request: AnyRequest,
        principal: NamedDependency[Principal],
        profiles: NamedDependency[ProfileService],
    ) -> UserRead:
        return finished(await profiles.mine(principal), request.scope["path"])

    @patch(
        summary="Change one's own profile",
        policy=authenticated,
        audit="users.change",
        errors=own_refusals,
    )
    async def change_me(
        self,
        data: JSONBody[ProfileUpdate],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        profiles: NamedDependency[ProfileService],
    ) -> UserRead:
        return UserRead.of(await profiles.change(principal, principal.id, data, if_match))

    @put(
        summary="Replace one's own profile",
        policy=authenticated,
        audit="users.change",
        errors=own_refusals,
    )
    async def replace_me(
        self,
        data: JSONBody[ProfileReplace],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        profiles: NamedDependency[ProfileService],
    ) -> UserRead:
        return UserRead.of(await profiles.replace(principal, principal.id, data, if_match))

    @post(
        "/deletion",
        summary="Delete one's own account",
        description="Ends every session, key and sign-in at once; erased when the grace is over.",
        status_code=202,
        policy=authenticated,
        audit="users.request_deletion",
        errors=(*PROOF_REFUSALS, LastAdmin),
    )
    async def delete_me(
        self,
        data: JSONBody[DeletionRequest],
        principal: NamedDependency[Principal],
        account_deletion: NamedDependency[AccountDeletion],
    ) -> DeletionRead:
        return DeletionRead(deletes_at=await account_deletion.request(principal, data.password))

    @get(
        "/summary",
        summary="Count one's own things",
        description="At most a minute old: `as_of` says when it was counted.",
        policy=readable_by_key,
        responses={200: ResponseSpec(SummaryRead, generate_examples=False)},
        response_headers=[X_CACHE],
    )
    async def read_summary(
        self,
        principal: NamedDependency[Principal],
        personal_data: NamedDependency[PersonalDataService],
    ) -> Response[SummaryRead]:
        summary, known = await personal_data.summary(principal)
        body = SummaryRead.model_validate({**summary.figures, "as_of": summary.as_of})
        return BodyResponse(body, headers={"x-cache": "hit" if known else "miss"})

    @get(
        "/activity",
        summary="List what was done in one's name",
        policy=readable_by_key,
        listing=ACTIVITY,
    )
    async def list_activity(
        self,
        page_request: NamedDependency[PageRequest],
        principal: NamedDependency[Principal],
        personal_data: NamedDependency[PersonalDataService],
    ) -> Page[ActivityRead]:
        return ActivityRead.paged(await personal_data.activity(principal, page_request))

    @get(
        "/export",
        summary="Download everything that is held about oneself",
        description="Sent while it is read: a connection that is cut is an export that failed.",
        policy=authenticated,
        streamed=True,
        responses={200: ResponseSpec(ExportRead, generate_examples=False)},
        response_headers=[CONTENT_DISPOSITION],
    )
    async def export_me(
        self,
        principal: NamedDependency[Principal],
        personal_data: NamedDependency[PersonalDataService],
    ) -> Response[ExportRead]:
        name = f"atrium-export-{utc_now():%Y%m%d}.json"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return StreamedResponse(
            lambda: personal_data.export(principal), "application/json", headers
        )


class UserController(Controller):
    @get(summary="List people", policy=requires(READ), listing=PEOPLE)
    async def list_users(
        self,
        page_request: NamedDependency[PageRequest],
        profiles: NamedDependency[ProfileService],
    ) -> Page[UserRead]:
        return UserRead.paged(await profiles.page(page_request))

    @post(
        summary="Add someone",
        policy=requires(WRITE),
        errors=(EmailTaken, BeyondOwnRights),
    )
    async def create_user(
        self,
        data: JSONBody[UserCreate],
        principal: NamedDependency[Principal],
        profiles: NamedDependency[ProfileService],
    ) -> UserRead:
        return UserRead.of(await profiles.create(principal, data))

    @get(
        "/{user_id:str}",
        summary="Read someone's profile",
        policy=readable_by_key,
        errors=(UserNotFound,),
    )
    async def read_user(
        self,
        user_id: FromPath[UUID],
        principal: NamedDependency[Principal],
        profiles: NamedDependency[ProfileService],
    ) -> UserRead:
        return UserRead.of(await profiles.get(principal, user_id))

    @patch(
        "/{user_id:str}",
        summary="Change someone's name or age",
        description="Oneself: exactly as at `/me`.",
        policy=authenticated,
        errors=refusals,
    )
    async def change_user(
        self,
        user_id: FromPath[UUID],
        data: JSONBody[ProfileUpdate],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        profiles: NamedDependency[ProfileService],
    ) -> UserRead:
        return UserRead.of(await profiles.change(principal, user_id, data, if_match))

    @put(
        "/{user_id:str}",
        summary="Replace someone's name and age",
        description="Oneself: exactly as at `/me`, and with the e-mail.",
        policy=authenticated,
        audit="users.change",
        errors=refusals,
    )
    async def replace_user(
        self,
        user_id: FromPath[UUID],
        data: JSONBody[UserReplace],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        profiles: NamedDependency[ProfileService],
    ) -> UserRead:
        return UserRead.of(await profiles.replace(principal, user_id, data, if_match))

    @delete(
        "/{user_id:str}",
        summary="Erase someone",
        description="At once, with everything of theirs in every module.",
        policy=authenticated.fresh(),
        errors=(UserNotFound, UseDeletion, BeyondOwnRights, LastAdmin),
    )
    async def delete_user(
        self,
        user_id: FromPath[UUID],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        profiles: NamedDependency[ProfileService],
    ) -> None:
        await profiles.delete(principal, user_id, if_match)
