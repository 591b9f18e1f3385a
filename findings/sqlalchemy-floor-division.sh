#!/usr/bin/env bash
# SQLAlchemy 2.1.9: `//` between integers truncates towards zero in the database, where Python
# rounds down.
#
# `literal(-7) // literal(2)` renders as `-7 / 2`, which SQLite and PostgreSQL answer with -3;
# Python's -7 // 2 is -4. A hybrid property therefore gives one value on an instance and another
# in a query.
#
# Run: bash findings/sqlalchemy-floor-division.sh    Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check sqlalchemy==2.1.9 2>/dev/null

cat >finding.py <<'PYTHON'
from sqlalchemy import create_engine, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Offset(Base):
    __tablename__ = "offsets"

    id: Mapped[int] = mapped_column(primary_key=True)
    minutes: Mapped[int]

    @hybrid_property
    def half_hours(self) -> int:
        return self.minutes // 30


engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add(Offset(id=1, minutes=-50))
    session.flush()
    print("on the instance:", session.get_one(Offset, 1).half_hours)
    print("in the query:", session.scalar(select(Offset.half_hours)))
PYTHON
cat >expected <<'TEXT'
on the instance: -2
in the query: -1
TEXT
env/bin/python finding.py | tee seen
diff expected seen && echo "As described."
