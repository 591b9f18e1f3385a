#!/bin/sh
# Brings .venv to what requirements/NAME.txt locks, and installs the project itself into it.
# An environment that was left unfinished, was moved, or lost its Python is made anew.
set -eu

name=$1
venv=.venv
complete=$venv/.complete # holds the folder in which the environment was finished
here=$(pwd -P)

main() {
    usable || create
    rm -f "$complete"
    say "Installing requirements/$name.txt: a minute or two the first time."
    pip --require-hashes -r "requirements/$name.txt"
    pip --no-deps --no-build-isolation -e .
    say "$here" >"$complete"
}

usable() {
    [ -x $venv/bin/python ] && [ "$(cat $complete 2>/dev/null)" = "$here" ]
}

create() {
    python=$(find_python)
    say "Making $venv with $("$python" --version)."
    rm -rf $venv
    "$python" -m venv $venv
}

# The oldest comes first: ready-made packages are surest to be there for it.
find_python() {
    lacking=
    for python in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        "$python" -c 'import ensurepip, venv' 2>/dev/null && echo "$python" && return
        lacking=${lacking:-$python}
    done
    [ -z "$lacking" ] || fail "$lacking cannot make virtual environments:" \
        "install python3-venv (Debian and Ubuntu: apt install python3-venv) and run make again."
    fail "Atrium needs Python 3.11 or newer: install it, or name it as in" \
        "'make setup PYTHON=/path/to/python3', and run make again."
}

pip() {
    $venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check "$@" ||
        fail "The installation stopped: see above, and run make again to start it over."
}

say() {
    echo "$*"
}

fail() {
    echo "$*" >&2
    exit 1
}

main
