from dependency_injector import providers

from core.kit import ModuleContainer
from modules.posts.seeds import SamplePosts
from modules.posts.service import PostService
from modules.users.public import Accounts


class PostsContainer(ModuleContainer):
    core = providers.DependenciesContainer()
    accounts = providers.Dependency(instance_of=Accounts)

    posts = providers.Singleton(PostService, db=core.db, audit=core.audit)
    samples = providers.Singleton(SamplePosts, db=core.db, audit=core.audit, accounts=accounts)
