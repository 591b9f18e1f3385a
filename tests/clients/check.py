"""Generates clients from the document that the service serves, compiles them, and uses three.

`make check-clients`. All tools and clients are in `.clients`, which git ignores.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from tests.api.serving import ROOT, serving

HERE = Path(__file__).parent
WORK = ROOT / ".clients"
BIN = WORK / "venv" / "bin"
NPM = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
PIP = [str(BIN / "pip"), "install", "--quiet", "--disable-pip-version-check"]
TRIES = 3
FREE_FORM = {"ActivityReadChanges", "AuditReadChanges", "ExportReadData"}
"""The members of a response that hold any JSON."""


class Broken(Exception):
    """A client cannot be made, compiled or used."""


def main() -> None:
    install()
    try:
        for document, address in served():
            for step in (lint, *GENERATORS, compile_typescript, compile_python):
                timed(step, document)
            for drive in (drive_fetch, drive_hey, drive_python):
                timed(drive, address)
    except Broken as problem:
        sys.exit(f"{problem}")


def timed(step: Callable[[Any], None], subject: object) -> None:
    start = monotonic()
    step(subject)
    print(f"{step.__name__.replace('_', ' ')}: {monotonic() - start:.1f} s", flush=True)


def install() -> None:
    """Copy the sources of the check, and install the tools when their versions have changed."""
    shutil.copytree(HERE, WORK, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc", "__*"))
    wanted = sha256((HERE / "package.json").read_bytes() + (HERE / "requirements.txt").read_bytes())
    note = WORK / ".installed"
    if note.exists() and note.read_text() == wanted.hexdigest():
        return
    retried(NPM)
    venv.create(WORK / "venv", with_pip=True, clear=True)
    retried([*PIP, "-r", "requirements.txt"])
    note.write_text(wanted.hexdigest())


def retried(command: list[str]) -> None:
    for attempt in range(TRIES):
        if subprocess.run(command, cwd=WORK, check=False).returncode == 0:
            return
        sleep(5 * attempt)
    sys.exit(f"{' '.join(command[:2])} failed {TRIES} times.")


def served() -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the document of a running service, and its URL."""
    folder = WORK / "served"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with serving(folder) as service:
        address = service.address()
        text = httpx.get(f"{address}/docs/openapi.json").text
        (WORK / "openapi.json").write_text(text)
        yield json.loads(text), address


def run(*command: str, **environment: str) -> str:
    """Run a command and return its output. Raises Broken with the output when it fails."""
    done = subprocess.run(
        command,
        cwd=WORK,
        env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "NO_COLOR": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Broken(f"{' '.join(command)} failed:\n{done.stdout}")
    return done.stdout


def npx(*command: str) -> str:
    return run("npx", "--no-install", *command)


def require(condition: bool, problem: str) -> None:
    if not condition:
        raise Broken(problem)


def operations(document: dict[str, Any]) -> list[str]:
    return [each["operationId"] for path in document["paths"].values() for each in path.values()]


def lint(_: dict[str, Any]) -> None:
    said = npx("redocly", "lint", "openapi.json")
    require("problem" not in said and "warning" not in said.lower().replace(END_OF_LIFE, ""), said)
    said = npx("spectral", "lint", "openapi.json", "-r", "spectral.yaml", "--fail-severity", "hint")
    require("No results with a severity" in said, said)


END_OF_LIFE = "deprecation warning: node.js"
"""A message of the linter about its Node.js, not about the document."""


def openapi_typescript(document: dict[str, Any]) -> None:
    said = npx("openapi-typescript", "openapi.json", "-o", "fetch/schema.ts")
    require("⚠" not in said and "warn" not in said.lower(), said)
    made = (WORK / "fetch/schema.ts").read_text()
    require_all(document, made, lambda name: f'"{name}": {{')


def hey_api(document: dict[str, Any]) -> None:
    said = npx("openapi-ts", "-i", "openapi.json", "-o", "hey")
    require("warn" not in said.lower(), said)
    require_all(document, (WORK / "hey/sdk.gen.ts").read_text(), lambda it: f"const {camel(it)} =")
    require_types((WORK / "hey/types.gen.ts").read_text())


def orval(document: dict[str, Any]) -> None:
    options = ("--output", "orval/api.ts", "--client", "fetch", "--mode", "split")
    said = npx("orval", "--input", "openapi.json", *options)
    require("warn" not in said.lower(), said)
    require_all(document, (WORK / "orval/api.ts").read_text(), lambda it: f"const {camel(it)} =")
    require_types((WORK / "orval/api.schemas.ts").read_text())


def kubb(document: dict[str, Any]) -> None:
    said = npx("kubb", "generate", "--config", "kubb.config.js")
    require("warn" not in said.lower(), said)
    made = "".join(each.read_text() for each in (WORK / "kubb/clients").rglob("*.ts"))
    require_all(document, made, lambda name: f"function {camel(name)}(")


def openapi_python_client(document: dict[str, Any]) -> None:
    (WORK / "python-client.json").write_text('{"post_hooks": []}')
    target = ("--meta", "none", "--output-path", "atrium_client", "--overwrite")
    config = ("--config", "python-client.json", "--fail-on-warning")
    run("openapi-python-client", "generate", "--path", "openapi.json", *target, *config)
    made = "".join(f"{each.stem}\n" for each in (WORK / "atrium_client/api").rglob("*.py"))
    require_all(document, made, lambda name: name.replace(".", "_") + "\n")


def openapi_generator(document: dict[str, Any]) -> None:
    if shutil.which("java") is None:
        print("openapi-generator is skipped: there is no Java.")
        return
    target = ("-o", "generator", "--package-name", "atrium_api")
    said = run("openapi-generator-cli", "generate", "-i", "openapi.json", "-g", "python", *target)
    warnings = [line for line in said.splitlines() if re.search(r"\b(WARN|ERROR)\b", line)]
    require(all(any(it in line for it in OF_THE_TOOL) for line in warnings), "\n".join(warnings))
    made = "".join(each.read_text() for each in (WORK / "generator/atrium_api/api").glob("*.py"))
    require_all(document, made, lambda name: f"def {name.replace('.', '_')}(")


OF_THE_TOOL = (
    "OpenAPI 3.1 support is still in beta",
    "Failed to get the schema name: null",
    "Could not compute datatypeWithEnum from bytes",
)
"""Messages of the generator about each OpenAPI 3.1 document, and about its own Python names."""

GENERATORS = (openapi_typescript, hey_api, orval, kubb, openapi_python_client, openapi_generator)


def require_all(document: dict[str, Any], made: str, called: Callable[[str], str]) -> None:
    """Check that no operation is missing. Raises Broken otherwise."""
    missing = [name for name in operations(document) if called(name) not in made]
    require(not missing, f"{missing} were left out.")


def require_types(made: str) -> None:
    """Check that each type is known, except members that hold any JSON. Raises Broken otherwise."""
    code = re.sub(r"/\*.*?\*/", "", made, flags=re.DOTALL)
    untyped = re.findall(r".*(?:\bunknown\b|\bany\b).*", code)
    require(len(untyped) <= len(FREE_FORM), "\n".join(untyped))


def camel(name: str) -> str:
    first, *rest = re.split(r"[._]", name)
    return first + "".join(each.title() for each in rest)


def compile_typescript(_: dict[str, Any]) -> None:
    npx("tsc", "-p", "tsconfig.json")


def compile_python(_: dict[str, Any]) -> None:
    run("mypy", "--strict", "atrium_client", "drive/trip.py")
    if (WORK / "generator").exists():
        run(str(BIN / "python"), "-W", "error", "-m", "compileall", "-q", "generator/atrium_api")


def drive_fetch(address: str) -> None:
    drive("fetch", address)


def drive_hey(address: str) -> None:
    drive("hey", address)


def drive(name: str, address: str) -> None:
    bundle = f"built/{name}.mjs"
    options = ("--bundle", "--platform=node", "--format=esm", f"--outfile={bundle}")
    npx("esbuild", f"drive/{name}.ts", *options)
    run("node", bundle, ADDRESS=address)


def drive_python(address: str) -> None:
    run(str(BIN / "python"), "drive/trip.py", ADDRESS=address, PYTHONPATH=str(WORK))


if __name__ == "__main__":
    main()
