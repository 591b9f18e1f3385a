from uuid import UUID

from litestar import Controller

from core.kit import IfMatch, Page, PageRequest, Principal, authenticated, delete, get, post
from modules.auth.errors import ApiKeyNotFound, ScopeNotYours
from modules.auth.queries import API_KEYS
from modules.auth.schemas import ApiKeyCreated, ApiKeyDraft, ApiKeyRead
from modules.auth.service.api_keys import ApiKeyService


class ApiKeyController(Controller):
    path = "/api-keys"
    api_keys: ApiKeyService

    @get(summary="List your API keys", policy=authenticated, listing=API_KEYS)
    async def list_api_keys(
        self, page_request: PageRequest, principal: Principal
    ) -> Page[ApiKeyRead]:
        return ApiKeyRead.paged(await self.api_keys.own_page(principal, page_request))

    @post(
        summary="Make an API key",
        description=(
            "The key acts as its owner within its scopes. Only this response has the key, "
            "so an Idempotency-Key has no effect."
        ),
        policy=authenticated.fresh(),
        audit="auth.make_api_key",
        idempotency=False,
        errors=(ScopeNotYours,),
    )
    async def create_api_key(self, data: ApiKeyDraft, principal: Principal) -> ApiKeyCreated:
        made, key = await self.api_keys.make(principal, data)
        return ApiKeyCreated(key=key, **ApiKeyRead.of(made).model_dump())

    @delete(
        "/{key_id:str}",
        summary="Revoke an API key",
        policy=authenticated,
        audit="auth.revoke_api_key",
        errors=(ApiKeyNotFound,),
    )
    async def delete_api_key(self, key_id: UUID, principal: Principal, if_match: IfMatch) -> None:
        await self.api_keys.revoke(principal, key_id, if_match)
