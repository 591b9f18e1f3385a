from sqlalchemy import Column, MetaData, Table, Uuid

THINGS = Table("things", MetaData(), Column("id", Uuid, primary_key=True))
