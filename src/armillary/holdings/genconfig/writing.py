"""A configuration as text, JSON or TOML, and as a file that is there whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from typing import TYPE_CHECKING, Any

from armillary.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_DELETE = "\x7f"


def as_json(document: dict[str, Any]) -> str:
    """JSON with a line for each value."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_toml(document: dict[str, Any]) -> str:
    """TOML 1.0: lists of objects as arrays of tables, other objects inline.

    Raises
    ------
    TypeError
        A value has no form in TOML.
    """
    return "\n".join(_table(document, "")).lstrip("\n") + "\n"


def _table(values: dict[str, Any], path: str) -> Iterator[str]:
    nested = {key: value for key, value in values.items() if _is_tables(value)}
    for key, value in values.items():
        if key not in nested:
            yield f"{_key(key)} = {_value(value)}"
    for key, entries in nested.items():
        for entry in entries:
            place = f"{path}.{_key(key)}".lstrip(".")
            yield ""
            yield f"[[{place}]]"
            yield from _table(entry, place)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)


def _key(key: str) -> str:
    return key if _BARE_KEY.match(key) else _text(key)


def _text(text: str) -> str:
    # A basic string of TOML is one of JSON, but for the delete character.
    return json.dumps(text, ensure_ascii=False).replace(_DELETE, "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value, allow_nan=False)
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(entry)}" for key, entry in value.items()) + "}"
    raise TypeError(f"TOML has no {type(value).__name__}")


def check_free(path: str, *, force: bool) -> None:
    """Refuse to write where something is that must stay.

    Raises
    ------
    ConfigurationError
        A folder is there, or a file and not ``force``, or there is no such folder.
    """
    name = os.path.basename(path)  # noqa: PTH119 - paths stay as they were given
    if os.path.isdir(path):  # noqa: PTH112
        raise ConfigurationError(f"{name or path}: is a folder: name a file.")
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):  # noqa: PTH100, PTH112, PTH120
        raise ConfigurationError(f"{name}: cannot be written: its folder is not there.")
    if os.path.lexists(path) and not force:
        raise _exists(name)


def _exists(name: str) -> ConfigurationError:
    return ConfigurationError(f"{name}: exists already. Use --force to write it anew.")


def write_whole(path: str, text: str, *, force: bool) -> None:
    """Write a file beside its place and move it there: others see all of it or nothing.

    Raises
    ------
    ConfigurationError
        It exists already and not ``force``, or cannot be written.
    """
    name = os.path.basename(path)  # noqa: PTH119
    # What a link points to is written anew, not the link.
    place = os.path.realpath(path) if force else os.path.abspath(path)  # noqa: PTH100
    try:
        with _beside(place) as part:
            with open(part, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            _move(part, place, force=force)
    except FileExistsError:
        raise _exists(name) from None
    except OSError as error:
        raise ConfigurationError(f"{name}: cannot be written ({error.strerror or error}).") from None


@contextlib.contextmanager
def _beside(place: str) -> Iterator[str]:
    """A new file in the same folder, gone afterwards unless it was moved."""
    folder, name = os.path.split(place)
    descriptor, part = tempfile.mkstemp(prefix=f".{name[:40]}-", suffix=".part", dir=folder)
    os.close(descriptor)
    try:
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(part, 0o666 & ~mask)  # noqa: PTH101
        yield part
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)  # noqa: PTH108


def _move(part: str, place: str, *, force: bool) -> None:
    if force:
        os.replace(part, place)  # noqa: PTH105
        return
    try:
        os.link(part, place)  # Fails where something is, unlike a move.
    except FileExistsError:
        raise
    except OSError:
        # A file system without links: the look before and the move are two steps.
        if os.path.lexists(place):
            raise FileExistsError from None
        os.replace(part, place)  # noqa: PTH105
