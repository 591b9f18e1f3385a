from collections.abc import Sequence

from core.kit import Contribution, Database, Module, PersonalData, Seed, Statistic, UserStatistic
from modules.posts.models import Post
from modules.posts.permissions import MANAGE, WRITE
from modules.posts.queries import POSTS
from modules.posts.router import PostController
from modules.posts.schemas import PostRead
from modules.posts.seeds import SamplePosts
from modules.posts.service import PostService


class Plugin(Module):
    controllers = (PostController,)
    services = (PostService, SamplePosts)

    def contributions(self) -> Sequence[Contribution]:
        db, samples = self.provider(Database), self.provider(SamplePosts)
        return (
            WRITE,
            MANAGE,
            Statistic.of_rows("posts.total", db, Post),
            UserStatistic.of_rows("posts.posts", db, Post.author_id),
            PersonalData.of_rows("posts.posts", db, Post.author_id, POSTS, PostRead),
            Seed("posts.welcome", lambda: samples().add()),
        )
