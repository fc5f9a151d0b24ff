"""From the bytes of a holdings file to Python's objects: JSON or TOML."""

from __future__ import annotations

import json
import math
import os
import stat
import tomllib
from typing import Any, NoReturn

from armillary.errors import ArmillaryError, ConfigurationError
from armillary.holdings.names import catalog_stem
from armillary.holdings.sky_folders import check_sky_folder, is_sky_folder

MAX_BYTES = 64 << 20


def load(path: str) -> tuple[dict[str, Any], list[str]]:
    """Content of a holdings file, and warnings.

    Parameters
    ----------
    path
        The file; ``.json`` or ``.toml`` say what it is, else its first character. Or the folder of a HATS catalog,
        which stands for a configuration that names it alone.

    Raises
    ------
    ConfigurationError
        It cannot be read, or is neither.
    """
    name = os.path.basename(path) or path  # noqa: PTH119 - some strings that a file system takes are no Path
    if is_sky_folder(path):
        return _of_catalog(os.path.abspath(path)), []  # noqa: PTH100 - keeps links as they were named
    return parse(read_bytes(path, name), name)


def _of_catalog(folder: str) -> dict[str, Any]:
    try:
        check_sky_folder(folder)
    except ArmillaryError as error:
        raise ConfigurationError(error.message) from None
    name = catalog_stem(os.path.basename(folder))  # noqa: PTH119
    return {"source_groups": [{"name": name, "provider": {"filename": folder, "file_type": "hats"}}]}


def read_bytes(path: str, name: str) -> bytes:
    """Bytes of a plain file of at most ``MAX_BYTES``.

    Raises
    ------
    ConfigurationError
        It is missing, too large, or no plain file.
    """
    try:
        # Not to wait for the other end of a FIFO.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISDIR(mode):
                words = "`armillary open` shows it, `armillary genconfig` makes a configuration of it."
                raise ConfigurationError(f"{name}: is a folder: {words}")
            if not stat.S_ISREG(mode):
                raise ConfigurationError(f"{name}: is no plain file: name a file in JSON or TOML.")
            with open(descriptor, "rb", closefd=False) as file:
                data = file.read(MAX_BYTES + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise ConfigurationError(f"{name}: there is no such file: check the name.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name holds a null character"
        raise ConfigurationError(f"{name}: cannot be read ({reason}).") from None
    if len(data) > MAX_BYTES:
        raise ConfigurationError(
            f"{name}: is larger than {MAX_BYTES >> 20} MiB: put catalogs into files of their own, and name these."
        )
    return data


def parse(data: bytes, name: str) -> tuple[dict[str, Any], list[str]]:
    """Content of a JSON or TOML text, and warnings.

    Raises
    ------
    ConfigurationError
        It is neither, or no object at its top.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{name}: is not UTF-8 text (byte {error.start} is no part of a character): save it as UTF-8."
        ) from None
    if not text.strip():
        raise ConfigurationError(f"{name}: is empty: `armillary genconfig` makes one.")
    warnings: list[str] = []
    try:
        content = _json(text, warnings) if _is_json(text, name) else tomllib.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ConfigurationError(f"{name}: is not JSON ({error.msg}, {where}).") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name}: is not TOML ({_one_line(error)}).") from None
    except RecursionError:
        raise ConfigurationError(f"{name}: is nested too deeply.") from None
    except ValueError as error:
        raise ConfigurationError(f"{name}: holds a number that cannot be read ({_one_line(error)}).") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{name}: must be an object with map_groups, source_groups or boxes.")
    return content, warnings


def _is_json(text: str, name: str) -> bool:
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
    if suffix in {".json", ".toml"}:
        return suffix == ".json"
    return text.lstrip()[:1] in {"{", ""}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _json(text: str, warnings: list[str]) -> Any:
    def constant(word: str) -> NoReturn:
        raise ValueError(f"{word} is no JSON: write null or a number")

    def real(word: str) -> float:
        number = float(word)
        if not math.isfinite(number):
            raise ValueError(f"{word[:20]} is too large")
        return number

    def entries(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs) and len(warnings) < 20:
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            warnings.append(f"{twice[:40]!r} stands twice in one object: the last one counts.")
        return made

    return json.loads(text, parse_constant=constant, parse_float=real, object_pairs_hook=entries)
