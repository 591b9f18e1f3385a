from core.kit import Forbidden, NotFound, NotPermitted


class PostNotFound(NotFound):
    """The post was deleted or never existed. Everyone may read every post."""

    code = "posts.not_found"
    title = "There is no such post."


class NotYourPost(Forbidden):
    """Everyone may read a post. Only its author, or a user with `posts:manage`, may change it."""

    code = "posts.not_yours"
    title = "Only its author may change this post."


REFUSALS = (NotYourPost, NotPermitted)
