#!/usr/bin/env bash
# pydantic-settings 2.16.3: with a forward reference the same environment gives one value the first
# time a settings class is called, and another value from the second time on.
#
# pydantic resolves a forward reference when a model is first validated, so a plain model needs no
# `model_rebuild()`. A settings class reads the environment before that: the type is not yet known to
# be a list, and the text is not decoded as JSON. Where the type takes text too, both calls succeed;
# the only sign is an IncompleteFieldDefinitionWarning of the first. `model_rebuild()` after the type
# has been defined avoids this.
#
# Run: bash findings/pydantic-settings-forward-reference.sh    Needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pydantic-settings==2.16.3 pydantic==2.14.3 2>/dev/null

cat >finding.py <<'PYTHON'
import warnings

from pydantic import BaseModel
from pydantic_settings import BaseSettings


class Model(BaseModel):
    hosts: "Hosts"


class Settings(BaseSettings):
    hosts: "Hosts"


class Rebuilt(BaseSettings):
    hosts: "Hosts"


Hosts = str | list[str]
Rebuilt.model_rebuild()

print("a model:", repr(Model(hosts=["a", "b"]).hosts))
for settings in (Settings, Rebuilt):
    for call in ("first", "second"):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            hosts = settings().hosts
        names = [warning.category.__name__ for warning in warned]
        print(f"{settings.__name__}, {call} call:", repr(hosts), *names)
PYTHON
cat >expected <<'TEXT'
a model: ['a', 'b']
Settings, first call: '["a", "b"]' IncompleteFieldDefinitionWarning
Settings, second call: ['a', 'b']
Rebuilt, first call: ['a', 'b']
Rebuilt, second call: ['a', 'b']
TEXT
HOSTS='["a", "b"]' env/bin/python finding.py | tee seen
diff expected seen && echo "As described."
