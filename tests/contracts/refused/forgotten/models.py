from sqlalchemy import Column, ForeignKey, MetaData, Table, Uuid

WORKER = "users.id"
METADATA = MetaData()
SHIFTS = Table(
    "odd_shifts",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("worker_id", Uuid, ForeignKey(WORKER, ondelete="CASCADE")),
)
LEAVES = Table(
    "odd_leaves",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("worker_id", Uuid, ForeignKey(WORKER, ondelete="CASCADE")),
)
