#!/usr/bin/env bash
# alembic 1.20.1: autogenerate writes the `info` of a table into the revision, with `repr`.
#
# SQLAlchemy keeps any Python objects of an application in `info`, and never sends them to a database.
# With a class in it the file is no Python: `info={'owner': <class 'models.Person'>}`. The file stays,
# so that every later command fails too. The `info` of a column is not written. A library that marks
# tables with objects had better keep them in a dictionary of its own.
#
# Run: bash findings/alembic-table-info.sh    Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check alembic==1.20.1 sqlalchemy==2.1.9 2>/dev/null

cat >models.py <<'PYTHON'
from sqlalchemy import Column, Integer, MetaData, Table


class Person: ...


metadata = MetaData()
Table(
    "rooms",
    metadata,
    Column("id", Integer, primary_key=True, info={"owner": Person}),
    info={"owner": Person},
)
PYTHON
env/bin/alembic --quiet init revisions >/dev/null
sed -i.old 's|^sqlalchemy.url = .*|sqlalchemy.url = sqlite:///rooms.db|' alembic.ini
sed -i.old 's|^target_metadata = None|from models import metadata as target_metadata|' revisions/env.py

cat >expected <<'TEXT'
written: info={'owner': <class 'models.Person'>}
alembic revision: SyntaxError
alembic upgrade: SyntaxError
TEXT
says() {
    if env/bin/alembic "$@" >log 2>&1; then echo "done"; else grep -o '^SyntaxError' log; fi
}
{
    made=$(says revision --autogenerate --message "Add rooms")
    echo "written: $(grep -ho 'info=.*' revisions/versions/*.py)"
    echo "alembic revision: $made"
    echo "alembic upgrade: $(says upgrade head)"
} | tee seen
diff expected seen && echo "As described."
