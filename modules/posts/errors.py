from core.kernel.errors import Forbidden, NotFound


class PostNotFound(NotFound):
    code = "posts.not_found"
    title = "There is no such post."


class NotYourPost(Forbidden):
    code = "posts.not_yours"
    title = "Only its author may change this post."
