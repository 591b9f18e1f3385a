from sqlalchemy import bindparam, select

from core.data.folded import own_columns
from core.data.queries import Listing
from modules.posts.models import SEARCH, Post

POSTS = Listing(
    sort=(Post.created_at, Post.title, Post.id), search=SEARCH, filters=(Post.author_id,)
)

EVERY = select(*own_columns(Post))
ONE = EVERY.where(Post.id == bindparam("post_id"))
OF_AUTHOR = EVERY.where(Post.author_id == bindparam("written_by"))
