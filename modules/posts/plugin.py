from collections.abc import Sequence

from core.kit import Contribution, Module, PersonalData, Seed, Statistic, UserStatistic
from modules.posts.permissions import MANAGE, WRITE
from modules.posts.router import PostController
from modules.posts.seeds import SamplePosts
from modules.posts.service import PostService


class Plugin(Module):
    controllers = (PostController,)
    services = (PostService, SamplePosts)

    def contributions(self) -> Sequence[Contribution]:
        posts, samples = self.provider(PostService), self.provider(SamplePosts)
        return (
            WRITE,
            MANAGE,
            Statistic("posts.total", lambda: posts().count()),
            UserStatistic("posts.posts", lambda user_id: posts().count(user_id)),
            PersonalData(
                "posts.posts",
                export=lambda user_id: posts().export(user_id),
                erase=lambda user_id: posts().erase(user_id),
            ),
            Seed("posts.welcome", lambda: samples().add()),
        )
