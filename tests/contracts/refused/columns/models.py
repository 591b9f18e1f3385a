from sqlalchemy import TIMESTAMP, Column, MetaData, Table, Uuid

BOOKINGS = Table(
    "odd_bookings",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("ends_at", TIMESTAMP(timezone=True)),
)
