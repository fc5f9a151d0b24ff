"""The settings' TOML file, their page of the documentation, and their listing."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armillary.errors import ConfigurationError
from armillary.server.settings import Loaded, combine, environment_names, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field


def default_path(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where the settings' file lies on this platform, whether or not it is there."""
    if platform == "win32":
        base = Path(environment.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "armillary" / "config.toml"


def read(path: Path, *, required: bool) -> dict[str, Any]:
    """Content of the file; nothing when it is not there and not ``required``.

    Raises
    ------
    ConfigurationError
        It is not there though asked for, cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not required:
            return {}
        raise ConfigurationError(f"{path}: there is no such file. `armillary config write` makes one.") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except ValueError as error:
        raise ConfigurationError(f"{path}: is not TOML ({error}).") from None


def load(options: Mapping[str, Any], config: str | None = None, environment: Mapping[str, str] = os.environ) -> Loaded:
    """Settings of this process.

    Parameters
    ----------
    options
        Options of the command line, None where not given.
    config
        The file named by ``--config`` or ``ARMILLARY_CONFIG``, else the platform's.

    Raises
    ------
    ConfigurationError
        The file or a value is wrong.
    """
    chosen = config or environment.get("ARMILLARY_CONFIG")
    path = Path(chosen) if chosen else default_path(environment)
    return combine(read(path, required=bool(chosen)), environment, options)


def toml_value(value: Any) -> str:
    """A value as TOML writes it."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def default_text() -> str:
    """The file with every setting, its help and its default, commented out."""
    lines = ["# Settings of Armillary. Take away the # before what you want to change.", ""]
    for entry in table():
        lines += [f"# {entry.metadata['help']}", f"# {entry.name} = {toml_value(entry.default)}", ""]
    return "\n".join(lines)


def write(path: Path, *, force: bool = False) -> None:
    """Write the default file; one that is there stays unless ``force``.

    Raises
    ------
    ConfigurationError
        It is there already, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(default_text())
    except FileExistsError:
        raise ConfigurationError(f"{path}: exists already. Use --force to write it anew.") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written ({error.strerror or error}).") from None


def listing(loaded: Loaded) -> str:
    """Every setting with value, origin and help, for people."""
    lines = []
    for entry in table():
        value = getattr(loaded.settings, entry.name)
        shown = "********" if entry.metadata.get("secret") and value else toml_value(value)
        lines.append(f"{entry.name} = {shown}  ({loaded.origins[entry.name]})\n    {entry.metadata['help']}")
    return "\n".join(lines)


def _bounds(entry: Field[Any]) -> str:
    rules = entry.metadata
    if "choices" in rules:
        return ", ".join(f"`{choice}`" for choice in rules["choices"])
    kind = type(entry.default)
    if kind is int:
        return f"{rules.get('low', 0)} to {rules['high']}"
    return {bool: "`true`, `false`", tuple: "list"}.get(kind, "text")


def markdown_table() -> str:
    """The table of ``docs/reference/settings.md``."""
    lines = ["| setting | default | values | environment | meaning |", "|---|---|---|---|---|"]
    for entry in table():
        names = ", ".join(f"`{name}`" for name in environment_names(entry))
        default = f"`{toml_value(entry.default)}`"
        lines.append(f"| `{entry.name}` | {default} | {_bounds(entry)} | {names} | {entry.metadata['help']} |")
    return "\n".join(lines)
