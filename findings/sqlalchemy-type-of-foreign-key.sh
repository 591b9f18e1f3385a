#!/usr/bin/env bash
# SQLAlchemy 2.1.9: a comparison with a column `Mapped[UUID] = mapped_column(ForeignKey(…))` converts its
# value only if the referenced class was defined before the comparison was written.
#
# The annotation does not give the column its type, because a foreign key takes the type of the column
# that it refers to. Until that column is defined, the type is NullType, and a `bindparam` that is compared
# with it keeps NullType for ever. So the order in which modules are imported decides whether a query works.
# Give such a column its type: `mapped_column(Uuid, ForeignKey(…))`.
#
# Run: bash findings/sqlalchemy-type-of-foreign-key.sh
# Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check sqlalchemy==2.1.9 2>/dev/null

cat >finding.py <<'PYTHON'
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, bindparam, create_engine, select
from sqlalchemy.exc import InterfaceError, ProgrammingError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase): ...


class Child(Base):
    __tablename__ = "children"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[UUID] = mapped_column(ForeignKey("parents.id"))


def children_of_parent():
    return select(Child.id).where(Child.parent_id == bindparam("parent"))


before = children_of_parent()


class Parent(Base):
    __tablename__ = "parents"
    id: Mapped[UUID] = mapped_column(primary_key=True)


after = children_of_parent()
engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as session:
    for name, query in (("before", before), ("after", after)):
        try:
            found = session.scalars(query, {"parent": uuid4()}).all()
            print(f"written {name} the class of the parent: {found}")
        except (StatementError, InterfaceError, ProgrammingError) as error:
            print(f"written {name} the class of the parent: {error.orig}")
PYTHON
cat >expected <<'TEXT'
written before the class of the parent: Error binding parameter 1: type 'UUID' is not supported
written after the class of the parent: []
TEXT
timeout 60 env/bin/python finding.py | tee seen
diff expected seen && echo "As described."
