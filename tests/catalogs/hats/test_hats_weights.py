"""How much of a catalog each partition is."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from armillary.catalogs.hats import weights
from armillary.catalogs.hats.catalog import open_catalog
from armillary.catalogs.hats.weights import weights_of


@pytest.fixture
def catalog(tmp_path, hats_of, sky):
    return hats_of(tmp_path, "objects", sky(5, 900), threshold=100)


def test_rows_of_each_partition_are_those_of_its_file(catalog):
    rows = [pq.read_metadata(catalog.data.path(catalog.file(pixel))).num_rows for pixel in catalog.partitions]
    found = weights_of(catalog)
    assert found == (rows, "rows")
    assert len(set(rows)) > 1
    assert found.of(range(len(rows))) == 900
    assert found.of([1, 2]) == rows[1] + rows[2]


def test_what_is_large_absent_damaged_or_tells_of_others_is_not_asked(catalog, monkeypatch):
    one_each = ([1] * len(catalog.partitions), "partitions")
    assert weights_of(catalog, told=False) == one_each
    assert weights_of(replace(catalog, properties={**catalog.properties, "hats_nrows": "901"})) == one_each
    monkeypatch.setattr(weights, "MOST_BYTES", 100)
    assert weights_of(catalog) == one_each
    monkeypatch.undo()
    metadata = catalog.data.read("_metadata")
    for damaged in (metadata[:-9], b"", b"PAR1PAR1", metadata.replace(b"Npix=", b"Nqix=")):
        catalog.data.write("_metadata", damaged)
        assert weights_of(catalog) == one_each
    catalog.data.remove("_metadata")
    assert weights_of(open_catalog(catalog.folder)) == one_each
