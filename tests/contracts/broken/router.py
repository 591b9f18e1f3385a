from litestar import Controller
from litestar.params import FromQuery

from core.data.queries import Listing
from core.kernel.schemas import Page
from core.kit import get, post
from core.security.policies import public, requires
from modules.admin.permissions import AUDIT
from tests.contracts.broken.errors import Elsewhere
from tests.contracts.broken.models import Thing
from tests.contracts.broken.public import ThingRead
from tests.contracts.broken.service import Scope
from tests.contracts.broken.service import ThingRead as OtherThingRead


class ThingController(Controller):
    @get(policy=requires(AUDIT))
    async def read(self, limit: FromQuery[int] = 10) -> Page[ThingRead]:
        return Page(data=[], per_page=limit, page=1, total=limit, next_cursor=None)

    @get("/raw", policy=public, errors=(Elsewhere,))
    async def raw(self) -> dict[str, str]:
        return {}

    @post("/misnamed", policy=public, audit="thigns.change")
    async def misnamed(self) -> None:
        pass


THINGS = Listing(
    sort=(Thing.size, Thing.name, Thing.weight, Thing.file_id),
    filters=(Thing.weight,),
    indexes=False,
)


class OtherThingController(Controller):
    @get("/unindexed", policy=public, listing=THINGS)
    async def unindexed(self) -> None:
        pass

    @get("/other", policy=public)
    async def raw(self) -> dict[str, str]:
        return {}

    @get("/shared", policy=public)
    async def read_broken(self) -> Page[OtherThingRead]:
        return Page(data=[], per_page=1, page=1, total=0, next_cursor=None)

    @post("/scope", policy=public, audit=None)
    async def read_broke(self, data: Scope) -> None:
        pass
