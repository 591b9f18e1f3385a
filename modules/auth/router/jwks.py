from litestar import Controller, Response
from litestar.openapi.datastructures import ResponseSpec

from core.kit import get, public
from core.kit.platform import BodyResponse
from modules.auth.schemas import JwkRead, JwksRead
from modules.auth.service.signing_keys import SigningKeys


class JwksController(Controller):
    signing_keys: SigningKeys

    @get(
        "/jwks.json",
        summary="Read the keys that verify access tokens",
        description=(
            "Also check `iss`, `aud`, `exp` and `typ`. Offline, a token of an ended session stays "
            "valid until it expires."
        ),
        policy=public.in_maintenance(),
        responses={200: ResponseSpec(JwksRead)},
    )
    async def read_jwks(self) -> Response[JwksRead]:
        ring = await self.signing_keys.ring()
        body = JwksRead(keys=[JwkRead.model_validate(key) for key in ring.public()])
        return BodyResponse(body, headers={"cache-control": "public, max-age=300"})
