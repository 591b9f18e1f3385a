from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.kit import Base, Listing, SearchIndex, Timestamped, Versioned, folded


class Post(Versioned, Timestamped, Base):
    __tablename__ = "posts"

    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    title_folded: Mapped[str] = folded("title", 200)
    content: Mapped[str] = mapped_column(String(20_000))


POSTS = Listing(
    sort=(Post.created_at, Post.title, Post.id),
    search=SearchIndex(Post, (Post.title, Post.content)),
    filters=(Post.author_id,),
)
