from collections.abc import Sequence

from core.kit import Contribution, Module, PersonalData, Seed, Statistic, UserStatistic
from modules.posts.container import PostsContainer
from modules.posts.permissions import MANAGE, WRITE
from modules.posts.router import PostController


class Plugin(Module[PostsContainer]):
    container_type = PostsContainer
    controllers = (PostController,)

    def contributions(self) -> Sequence[Contribution]:
        posts, samples = self.container.posts, self.container.samples
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
