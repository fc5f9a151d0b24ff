"""How much of a catalog each partition is, so that progress is told in rows."""

from __future__ import annotations

import io
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from armillary.catalogs.hats import names
from armillary.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.pixels import Pixel

MOST_BYTES = 4 << 20
"""Of metadata that is read only for this: a twentieth of a second, and some tens of megabytes for that long."""


class Weights(NamedTuple):
    """What a stage counts of partitions: ``rows``; or else ``partitions``, of which each is one."""

    each: list[int]
    unit: str

    def of(self, places: Iterable[int]) -> int:
        """Of some partitions together."""
        return sum(self.each[place] for place in places)


def weights_of(catalog: HatsCatalog, *, told: bool = True) -> Weights:
    """Rows of each partition, by ``_metadata``, where that is small and tells of all of them.

    Parameters
    ----------
    told
        Whether anybody is told of progress: else nothing is read for it.
    """
    found = _rows(catalog) if told else {}
    rows = [found.get(pixel) for pixel in catalog.partitions]
    known = [many for many in rows if many is not None]
    if len(known) == len(rows) and sum(known) == catalog.rows:
        return Weights(known, "rows")
    return Weights([1] * len(rows), "partitions")


def _rows(catalog: HatsCatalog) -> dict[Pixel | None, int]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: defaultdict[Pixel | None, int] = defaultdict(int)
    try:
        if catalog.data.size(names.METADATA) <= MOST_BYTES:
            metadata = pq.read_metadata(io.BytesIO(catalog.data.read(names.METADATA)))
            for number in range(metadata.num_row_groups):
                group = metadata.row_group(number)
                rows[names.pixel_of(group.column(0).file_path)] += group.num_rows
    except (FileError, pa.ArrowException, OSError, ValueError, IndexError):
        return {}  # it is told where the file is needed, not here
    return rows
