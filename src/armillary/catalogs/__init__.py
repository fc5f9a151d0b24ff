"""Tables of sources: reading, positions, an index on the sky, pages of rows; HATS catalogs: made, verified, searched.

The functions of HATS catalogs are imported from here; nothing is loaded before one is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from armillary.catalogs.collections import CollectionArguments
    from armillary.catalogs.converting.arguments import ConvertArguments
    from armillary.catalogs.front import (
        convert_catalog,
        count_rows,
        crossmatch_catalogs,
        import_catalog,
        make_collection,
        make_index,
        make_margin,
        search_catalog,
        verify_catalog,
    )
    from armillary.catalogs.hats.catalog import open_catalog
    from armillary.catalogs.indexing.arguments import IndexArguments
    from armillary.catalogs.info import catalog_info
    from armillary.catalogs.ingest.arguments import ImportArguments
    from armillary.catalogs.margins.arguments import MarginArguments
    from armillary.catalogs.matching.arguments import CrossmatchArguments
    from armillary.catalogs.searching.arguments import SearchArguments
    from armillary.catalogs.verifying.run import VerifyArguments

__all__ = [
    "CollectionArguments",
    "ConvertArguments",
    "CrossmatchArguments",
    "ImportArguments",
    "IndexArguments",
    "MarginArguments",
    "SearchArguments",
    "VerifyArguments",
    "catalog_info",
    "convert_catalog",
    "count_rows",
    "crossmatch_catalogs",
    "import_catalog",
    "make_collection",
    "make_index",
    "make_margin",
    "open_catalog",
    "search_catalog",
    "verify_catalog",
]

_ELSEWHERE = {
    "CollectionArguments": "collections",
    "ConvertArguments": "converting.arguments",
    "CrossmatchArguments": "matching.arguments",
    "ImportArguments": "ingest.arguments",
    "IndexArguments": "indexing.arguments",
    "MarginArguments": "margins.arguments",
    "SearchArguments": "searching.arguments",
    "VerifyArguments": "verifying.run",
    "catalog_info": "info",
    "open_catalog": "hats.catalog",
}


def __getattr__(name: str) -> Any:
    """A function or a class of this room, loaded when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_ELSEWHERE.get(name, 'front')}"), name)
    globals()[name] = found
    return found
