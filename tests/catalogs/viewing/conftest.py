"""The same generated sky as a catalog of mixed orders, in the older layout, and as hats-import writes it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from conftest_viewing import ROWS, imported, open_sky, write_hipscat

from armillary.catalogs.viewing.catalog import SkyCatalog


@pytest.fixture(scope="session")
def looked_at(sky: Any) -> pa.Table:
    """All sources, in no order: everywhere, clumped, at both poles, about right ascension 0."""
    return sky(71, ROWS)


@pytest.fixture(scope="session")
def sky_folder(tmp_path_factory: pytest.TempPathFactory, looked_at: pa.Table) -> Path:
    """A catalog of them that the importer made, with a sky map."""
    top = tmp_path_factory.mktemp("viewing")
    pq.write_table(looked_at, top / "in.parquet")
    return imported(top, "objects", [top / "in.parquet"])


@pytest.fixture(scope="session")
def old_folder(tmp_path_factory: pytest.TempPathFactory, sky_folder: Path) -> Path:
    """The same in the layout of hipscat: no index of order 29, no sky map."""
    return write_hipscat(sky_folder, tmp_path_factory.mktemp("hipscat") / "old")


@pytest.fixture(scope="session")
def peers_folder(tmp_path_factory: pytest.TempPathFactory, looked_at: pa.Table) -> Path:
    """The same as hats-import writes it."""
    from conftest_viewing import by_hats_import

    return by_hats_import(tmp_path_factory.mktemp("peer"), looked_at)


@pytest.fixture(params=["sky_folder", "old_folder", "peers_folder"])
def any_sky(request: pytest.FixtureRequest) -> SkyCatalog:
    """Each of them, opened."""
    return open_sky(request.getfixturevalue(request.param))


@pytest.fixture
def opened(sky_folder: Path) -> SkyCatalog:
    return open_sky(sky_folder)
