from sqlalchemy import Column, ForeignKey, MetaData, Table, Uuid

SHIFTS = Table(
    "odd_shifts",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("worker_id", Uuid, ForeignKey("users.id", ondelete="CASCADE")),
)
