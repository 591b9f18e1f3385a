from sqlalchemy import bindparam, select

from core.kit import Listing, own_columns
from modules.posts.models import SEARCH, Post

POSTS = Listing(
    sort=(Post.created_at, Post.title, Post.id), search=SEARCH, filters=(Post.author_id,)
)

SELECT_ALL = select(*own_columns(Post))
ONE = SELECT_ALL.where(Post.id == bindparam("post_id"))
OF_AUTHOR = SELECT_ALL.where(Post.author_id == bindparam("written_by"))
