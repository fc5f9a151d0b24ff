"""Numbers that are no positions are not taken for them because they stand in the places of positions."""

from __future__ import annotations

from pathlib import Path

import pytest

from armillary.catalogs.targets import read_targets
from armillary.errors import FileError


@pytest.mark.parametrize(
    "header", ["NUMBER,X_IMAGE,Y_IMAGE", "name,x,y", "id,flux", "a,xpix,ypix", "n,mag_g,mag_r", "name,#x,#y"]
)
def test_pixels_and_fluxes_are_no_positions(tmp_path: Path, header: str) -> None:
    path = tmp_path / "targets.csv"
    path.write_text(f"{header}\n{','.join(['1', '2', '3'][: header.count(',') + 1])}\n")
    with pytest.raises(FileError, match="none of its columns are known as positions"):
        read_targets(path)


@pytest.mark.parametrize("header", ["name,lon,x", "source,alfa,delta", "maxi,excol,yes"])
def test_others_still_are_by_their_order(tmp_path: Path, header: str) -> None:
    path = tmp_path / "targets.csv"
    path.write_text(f"{header}\n1,2,3\n")
    found = read_targets(path)
    assert (found.ra_deg.tolist(), found.dec_deg.tolist()) == ([2.0], [3.0])
