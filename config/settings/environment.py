"""The sources of settings: the environment of the process, and the file `.env`."""

from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from config.settings.errors import SettingsError

EnvFile = Path | str | None


def read_env_file(path: EnvFile) -> dict[str, str]:
    """Return the values of the file as written, with `${…}` as text; empty without a file."""
    if path is None:
        return {}
    try:
        with Path(path).open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path} must be a readable file of UTF-8 text.") from None
    return dict(
        pair(path, binding) for binding in bindings if binding.error or binding.key is not None
    )


def pair(path: EnvFile, binding: Binding) -> tuple[str, str]:
    if binding.error or binding.key is None or binding.value is None:
        written = binding.original.string
        line = binding.original.line + len(written) - len(written.lstrip("\n"))
        raise SettingsError(f"{path} must have NAME=value in line {line}.")
    return binding.key, binding.value


def given(environ: Mapping[str, str], env_file: EnvFile) -> dict[str, str]:
    """Return all values that are set and not blank; the environment overrides the file."""
    both = [*read_env_file(env_file).items(), *environ.items()]
    return {name: value for name, value in both if value.strip()}
