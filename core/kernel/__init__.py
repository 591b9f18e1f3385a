"""Plain values that routes and services share, without Litestar and SQLAlchemy."""
