from sqlalchemy import Column, ForeignKey, MetaData, Table, Uuid

from core.data.models import nothing_personal

SHIFTS = Table(
    "odd_shifts",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("made_by", Uuid, ForeignKey("users.id")),
    **nothing_personal("The audit trail says who made the plan."),
)
