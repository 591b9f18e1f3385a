#!/usr/bin/env bash
# openapi-python-client 0.29.1: the members of an enum are named by their position where a value does
# not begin with a letter, and two values that give one name become one member.
#
# `-name` becomes `VALUE_1` because it is the second value. Once the document lists other values before
# it, code that says `VALUE_1` still runs, and sends one of these. Of `rooms.taken` and `rooms-taken`
# only the last is left, without a warning, because equal names are looked for before signs become
# underscores. A response that has the other value then raises ValueError. `literal_enums: true` in
# the configuration avoids both.
#
# Run: bash findings/openapi-python-client-enum-names.sh    Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1 2>/dev/null
PATH="$folder/env/bin:$PATH"

members_of() {
    cat >api.json <<JSON
{
  "openapi": "3.1.0",
  "info": {"title": "Sample", "version": "1"},
  "paths": {"/rooms": {"get": {
    "operationId": "list",
    "parameters": [{"name": "sort", "in": "query", "schema": {"type": "string", "enum": $1}}],
    "responses": {"204": {"description": "ok"}}
  }}}
}
JSON
    openapi-python-client generate --path api.json --overwrite >log 2>&1
    ! grep -i warning log
    grep -hE '^    [A-Z_0-9]+ = ' sample-client/sample_client/models/list_sort.py | sed 's/^ */  /'
}
cat >expected <<'TEXT'
of name, -name:
  NAME = "name"
  VALUE_1 = "-name"
of created_at, -created_at, name, -name:
  CREATED_AT = "created_at"
  NAME = "name"
  VALUE_1 = "-created_at"
  VALUE_3 = "-name"
of rooms.taken, rooms-taken:
  ROOMS_TAKEN = "rooms-taken"
TEXT
{
    echo "of name, -name:"
    members_of '["name", "-name"]'
    echo "of created_at, -created_at, name, -name:"
    members_of '["created_at", "-created_at", "name", "-name"]'
    echo "of rooms.taken, rooms-taken:"
    members_of '["rooms.taken", "rooms-taken"]'
} | tee seen
diff expected seen && echo "As described."
