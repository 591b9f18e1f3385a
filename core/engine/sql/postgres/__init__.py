"""PostgreSQL by asyncpg, directly or over a pooler in transaction mode."""
