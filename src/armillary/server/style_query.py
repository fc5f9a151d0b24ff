"""The style of a picture as query parameters, the same in every route that draws one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

Word = Annotated[str | None, Query(max_length=64)]


def style_words(
    vmin: Word = None,
    vmax: Word = None,
    stretch: Word = None,
    cmap: Word = None,
    gamma: Word = None,
    invert: Word = None,
    absolute: Annotated[str | None, Query(alias="abs", max_length=64)] = None,
) -> dict[str, str]:
    """Those that were given."""
    words = {"vmin": vmin, "vmax": vmax, "stretch": stretch, "cmap": cmap, "gamma": gamma, "invert": invert}
    return {name: value for name, value in (words | {"abs": absolute}).items() if value is not None}


StyleWords = Annotated[dict[str, str], Depends(style_words)]
