#!/usr/bin/env bash
# alembic 1.20.1: a revision with a JSONB variant cannot run when autogenerate compared with SQLite.
#
# The type `JSON().with_variant(JSONB(), "postgresql")` is written as
# `postgresql.JSONB(astext_type=Text())`, and the file knows no `Text`. Only alembic's implementation
# for PostgreSQL writes `sa.Text()`, and the database that is compared decides which implementation
# writes the variants of all databases. A developer who generates revisions with SQLite for a service
# that runs on PostgreSQL gets a NameError when the revision runs, on either database.
#
# Run: bash findings/alembic-variant-on-sqlite.sh    Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check alembic==1.20.1 sqlalchemy==2.1.9 2>/dev/null

cat >models.py <<'PYTHON'
from sqlalchemy import JSON, Column, Integer, MetaData, Table
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
rooms = Table(
    "rooms",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("features", JSON().with_variant(JSONB(), "postgresql")),
)
PYTHON
cat >written.py <<'PYTHON'
from alembic.autogenerate import render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateTableOp, UpgradeOps
from models import rooms

for dialect in ("postgresql", "sqlite"):
    context = MigrationContext.configure(dialect_name=dialect)
    code = render_python_code(
        UpgradeOps([CreateTableOp.from_table(rooms)]), migration_context=context
    )
    print(f"compared with {dialect}:", code.partition("with_variant(")[2].partition(", '")[0])
PYTHON
env/bin/alembic --quiet init revisions >/dev/null
sed -i.old 's|^sqlalchemy.url = .*|sqlalchemy.url = sqlite:///rooms.db|' alembic.ini
sed -i.old 's|^target_metadata = None|from models import metadata as target_metadata|' revisions/env.py

cat >expected <<'TEXT'
compared with postgresql: postgresql.JSONB(astext_type=sa.Text())
compared with sqlite: postgresql.JSONB(astext_type=Text())
upgrade with sqlite: NameError: name 'Text' is not defined
TEXT
{
    env/bin/python written.py
    env/bin/alembic revision --autogenerate --message "Add rooms" >log 2>&1
    if env/bin/alembic upgrade head >log 2>&1; then
        echo "upgrade with sqlite: done"
    else
        echo "upgrade with sqlite: $(grep -o "NameError: name '[A-Za-z]*' is not defined" log)"
    fi
} | tee seen
diff expected seen && echo "As described."
