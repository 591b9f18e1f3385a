#!/usr/bin/env bash
# openapi-typescript 7.13.0: a property with a `default` becomes required where its schema is a
# component, and stays optional where the same schema stands inline.
#
# OpenAPI says that a default is the value the receiver assumes for what is absent, so a request may
# leave it out in both places. `--default-non-nullable=false` makes both optional.
#
# Run: bash findings/openapi-typescript-defaults.sh    Needs Node.js 20, npm and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-package-lock --prefix . openapi-typescript@7.13.0 typescript@5.9.3 >/dev/null

cat >api.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": {"title": "Sample", "version": "1"},
  "paths": {
    "/rooms": {
      "post": {
        "requestBody": {"content": {"application/json": {"schema": {
          "type": "object", "properties": {"inline": {"type": "integer", "default": 1}}
        }}}},
        "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Room"}}}}}
      }
    }
  },
  "components": {"schemas": {"Room": {
    "type": "object", "properties": {"component": {"type": "integer", "default": 1}}
  }}}
}
JSON
cat >expected <<'TEXT'
inline?: number;
component: number;
inline?: number;
component?: number;
TEXT
{
    npx --no-install openapi-typescript api.json 2>/dev/null
    npx --no-install openapi-typescript api.json --default-non-nullable=false 2>/dev/null
} | grep -oE '(component|inline)\??: number;' | tee seen
diff expected seen && echo "As described."
