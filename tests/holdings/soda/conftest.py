"""Cutouts of files as a caller gets them: through the gate, as bytes that astropy reads."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from armillary.holdings import discover
from armillary.holdings.access import OWNER
from armillary.holdings.soda import Filter, ObservationCut, cut_observation
from armillary.images.pyramid import Pyramid
from armillary.sky.regions import parse_pos


@dataclass
class Cutter:
    """Cuts observations of files."""

    def observation(self, path: Path, name: str = "") -> Any:
        discovery = discover([str(path)], lambda plane, _identity, **_: Pyramid(plane, tile_size=64))
        discovery.run()
        holdings = discovery.holdings
        return holdings.observation(name, OWNER) if name else holdings.observations(OWNER)[0]

    def __call__(self, path: Path, pos: str | None = None, name: str = "", most: int = 10**9, **more: Any) -> Any:
        wanted = Filter(parse_pos(pos) if pos else None, **more)
        return cut_observation(self.observation(path, name), wanted, most_pixels=most)

    def hdus(self, path: Path, pos: str | None = None, name: str = "", **more: Any) -> fits.HDUList:
        found = self(path, pos, name, **more)
        assert found is not None
        return opened(found)

    def opened(self, found: ObservationCut) -> fits.HDUList:
        """As astropy reads it."""
        return opened(found)


def opened(cut: ObservationCut) -> fits.HDUList:
    """A cutout as astropy reads it: its length is what was promised; sums that are wrong would warn."""
    data = b"".join(cut.parts())
    assert len(data) == cut.length()
    assert len(data) % 2880 == 0
    hdus = fits.open(io.BytesIO(data), memmap=False, do_not_scale_image_data=True, checksum=True)
    hdus.verify("exception")
    for hdu in hdus:
        assert {"CHECKSUM", "DATASUM"} <= set(hdu.header)
        assert hdu.data is not None or hdu.header["NAXIS"] == 0
    return hdus


@pytest.fixture
def cut() -> Cutter:
    """Cuts observations of files."""
    return Cutter()
