from core.kit import Contribution, Database, Module, PersonalData, Seed, Statistic, UserStatistic
from modules.posts.models import POSTS, Post
from modules.posts.permissions import MANAGE, WRITE
from modules.posts.router import PostController
from modules.posts.schemas import PostRead
from modules.posts.service import PostService


class Plugin(Module):
    controllers = (PostController,)
    services = (PostService,)

    def contributions(self) -> list[Contribution]:
        db, posts = self.provider(Database), self.provider(PostService)
        return [
            WRITE,
            MANAGE,
            Statistic.of_rows("posts.total", db, Post),
            UserStatistic.of_rows("posts.posts", db, Post.author_id),
            PersonalData.of_rows("posts.posts", db, Post.author_id, POSTS, PostRead),
            Seed("posts.welcome", lambda: posts().add_sample()),
        ]
