from core.kit import Forbidden, NotFound, NotPermitted


class PostNotFound(NotFound):
    """It was deleted, or never was: all that there are may be read."""

    code = "posts.not_found"
    title = "There is no such post."


class NotYourPost(Forbidden):
    """All may read a post; its author changes it, or a user with `posts:manage`."""

    code = "posts.not_yours"
    title = "Only its author may change this post."


REFUSALS = (NotYourPost, NotPermitted)
