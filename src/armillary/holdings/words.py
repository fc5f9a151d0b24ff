"""Words for values that leave as JSON: no NaN, no numpy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.images.plane import CubeAxis


def clean(value: Any) -> Any:
    """A value as JSON can hold it: numpy scalars and arrays become Python's, NaN and infinities None."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, dict):
        return {str(key): clean(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [clean(entry) for entry in value]
    if hasattr(value, "tolist"):
        return clean(value.tolist())
    return str(value)


def cube_words(axes: Sequence[CubeAxis], index: tuple[int, ...], base: str) -> dict[str, Any] | None:
    """The ``cube`` of a layer; None for an image."""
    if not axes:
        return None
    described = [
        {"name": a.name, "length": a.length, "unit": a.unit, "values": clean(a.values), "labels": clean(a.labels)}
        for a in axes
    ]
    return {"axes": described, "index": list(index), "base": base}


def error_code(error: Exception) -> str:
    """``NotFitsError`` → ``not_fits``."""
    name = type(error).__name__.removesuffix("Error")
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")
