from sqlalchemy import bindparam

from core.kit import Listing, select_rows
from modules.posts.models import SEARCH, Post

POSTS = Listing(
    sort=(Post.created_at, Post.title, Post.id), search=SEARCH, filters=(Post.author_id,)
)

SELECT_ALL = select_rows(Post)
ONE = SELECT_ALL.where(Post.id == bindparam("post_id"))
