#!/usr/bin/env bash
# alembic 1.20.1 with SQLAlchemy 2.1.9: a function as `compare_server_default` fails on every table
# that has a generated column.
#
# With `compare_server_default=True`, the comparison knows generated columns (`Computed`) and finds no
# difference. With a function, even one that leaves each decision to alembic by returning None, the
# same table raises AttributeError: the value of the default is looked up before the function is
# called, and a `Computed` has none.
#
# Run: bash findings/alembic-computed-with-callable.sh
# Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check alembic==1.20.1 sqlalchemy==2.1.9 2>/dev/null

cat >finding.py <<'PYTHON'
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Computed, Integer, MetaData, Table, create_engine

metadata = MetaData()
Table("rooms", metadata, Column("price", Integer), Column("double", Integer, Computed("price * 2", persisted=True)))
engine = create_engine("sqlite://")
metadata.create_all(engine)

with engine.connect() as connection:
    for name, compare in (("True", True), ("a function", lambda *_: None)):
        context = MigrationContext.configure(connection, opts={"compare_server_default": compare})
        try:
            print(f"{name}:", compare_metadata(context, metadata))
        except AttributeError as error:
            print(f"{name}: AttributeError: {error}")
PYTHON
cat >expected <<'TEXT'
True: []
a function: AttributeError: 'Computed' object has no attribute 'arg'
TEXT
env/bin/python finding.py 2>/dev/null | tee seen
diff expected seen && echo "As described."
