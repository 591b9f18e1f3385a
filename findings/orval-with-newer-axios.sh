#!/usr/bin/env bash
# orval 7.13.2: the client that it generates for axios compiles with axios 1.18.1 and not with 1.19.0
# and later, which `^1.13.0` in a package.json takes as well.
#
# orval 7 gives each function a type parameter `TData = AxiosResponse<…>` and returns what `axios.get`
# returns. From 1.19.0 on the types of axios say more precisely what that is, so that it no longer is
# any `TData`: TS2322 in every function. orval 8 generates functions without that type parameter.
#
# Run: bash findings/orval-with-newer-axios.sh    Needs Node.js 20, npm and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
install() {
    npm install --silent --no-audit --no-fund --no-package-lock --prefix . "$@" >/dev/null
}
install orval@7.13.2 typescript@5.9.3

cat >api.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": {"title": "Sample", "version": "1"},
  "paths": {"/rooms": {"get": {
    "operationId": "listRooms",
    "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {
      "type": "array", "items": {"type": "string"}
    }}}}}
  }}}
}
JSON
npx --no-install orval --input api.json --output client.ts --client axios >log 2>&1

compile() {
    npx --no-install tsc --noEmit --strict --skipLibCheck --target es2022 --module esnext \
        --moduleResolution bundler client.ts
}
cat >expected <<'TEXT'
axios 1.18.1: compiles
axios 1.19.0: TS2322
axios 1.21.1: TS2322
TEXT
for version in 1.18.1 1.19.0 1.21.1; do
    install "axios@$version"
    if compile >errors; then
        echo "axios $version: compiles"
    else
        echo "axios $version: $(grep -o 'TS[0-9]*' errors | sort -u)"
    fi
done | tee seen
diff expected seen && echo "As described."
