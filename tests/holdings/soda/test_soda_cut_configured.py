"""Cutouts of configured datasets: slices, other units, combinations; files that change meanwhile."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from armillary.errors import UnavailableError, VersionGoneError
from armillary.holdings import open_configuration
from armillary.holdings.access import ANONYMOUS, OWNER, Access
from armillary.holdings.soda import Filter, cut_observation
from armillary.images.pyramid import Pyramid
from armillary.sky.regions import parse_pos

CIRCLE = parse_pos("CIRCLE 10 5 4.2")


def header(**more: Any) -> fits.Header:
    found = fits.Header()
    cards = {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 15.0, "CRPIX2": 10.0, "CRVAL1": 10.0, "CRVAL2": 5.0,
        "CDELT1": -1.0, "CDELT2": 1.0, "BUNIT": "K",
    }  # fmt: skip
    found.update(cards | more)
    return found


def cube(path: Path, seed: int, shape: tuple[int, ...] = (4, 20, 30)) -> np.ndarray:
    data = np.random.default_rng(seed).normal(5, 1, shape).astype(np.float32)
    axis = {"CTYPE3": "VRAD", "CRVAL3": 10.0, "CDELT3": 5.0, "CRPIX3": 2.0, "CUNIT3": "km/s", "RESTFRQ": 1.42e9}
    fits.PrimaryHDU(data, header(**(axis if len(shape) == 3 else {}))).writeto(path, overwrite=True)
    return data


def layer(name: str, provider: Any, **more: Any) -> dict[str, Any]:
    return {"layer_id": name, "name": name, "provider": provider} | more


@dataclass
class Served:
    """Configured layers of one map."""

    folder: Path

    def __call__(self, layers: list[dict[str, Any]], **_: Any) -> Any:
        maps = [{"map_id": "m", "name": "m", "bands": [{"name": "b", "layers": layers}]}]
        path = self.folder / "h.json"
        path.write_text(json.dumps({"map_groups": [{"name": "g", "maps": maps}]}))
        made = open_configuration(path, lambda plane, _identity, **_more: Pyramid(plane, tile_size=64))
        made.run()
        return made.holdings


@pytest.fixture
def serve(tmp_path: Path) -> Served:
    return Served(tmp_path)


def only(holdings: Any, access: Access = OWNER) -> Any:
    (found,) = holdings.observations(access)
    return found


def hdus(cut: Any, observation: Any, **wanted: Any) -> fits.HDUList:
    return cut.opened(cut_observation(observation, Filter(**wanted), most_pixels=10**7))


def test_a_slice_of_a_cube_is_all_there_is(cut: Any, serve: Any, tmp_path: Path) -> None:
    data = cube(tmp_path / "a.fits", 1)
    observation = only(serve([layer("one", {"filename": "a.fits", "index": 2})]))
    new = hdus(cut, observation)[0]
    assert np.array_equal(new.data, data[2:3])
    assert new.header["CRPIX3"] == 0.0


def test_units_of_the_configuration_are_those_of_the_cutout(cut: Any, serve: Any, tmp_path: Path) -> None:
    cube(tmp_path / "a.fits", 1)
    observation = only(serve([layer("one", {"filename": "a.fits"}, units="Jy/beam")]))
    assert hdus(cut, observation, region=CIRCLE)[0].header["BUNIT"] == "Jy/beam"


def test_slices_and_the_cube_that_holds_them(cut: Any, serve: Any, tmp_path: Path) -> None:
    data = cube(tmp_path / "a.fits", 1)
    layers = [layer("all", {"filename": "a.fits"}), layer("third", {"filename": "a.fits", "index": 2})]
    found = hdus(cut, only(serve(layers)))
    assert len(found) == 1
    assert np.array_equal(found[0].data, data)


def test_two_slices_are_two_images(cut: Any, serve: Any, tmp_path: Path) -> None:
    data = cube(tmp_path / "a.fits", 1)
    layers = [layer(f"l{k}", {"filename": "a.fits", "index": k}) for k in (3, 1)]
    found = hdus(cut, only(serve(layers)))
    assert [float(hdu.data[0, 0, 0]) for hdu in found[1:]] == [float(data[3, 0, 0]), float(data[1, 0, 0])]


def test_a_hidden_slice_is_not_in_it(cut: Any, serve: Any, tmp_path: Path) -> None:
    data = cube(tmp_path / "a.fits", 1)
    layers = [layer("open", {"filename": "a.fits", "index": 0})]
    layers += [layer("closed", {"filename": "a.fits", "index": 1}, grant="team")]
    holdings = serve(layers)
    found = hdus(cut, only(holdings, ANONYMOUS))
    assert len(found) == 1
    assert np.array_equal(found[0].data, data[:1])
    assert len(hdus(cut, only(holdings, Access("a", frozenset({"team"}))))) == 3


@pytest.mark.parametrize("shape", [(20, 30), (4, 20, 30)])
def test_a_combination_has_the_values_as_computed(cut: Any, serve: Any, tmp_path: Path, shape: tuple[int, ...]) -> None:
    one, two = cube(tmp_path / "a.fits", 1, shape), cube(tmp_path / "b.fits", 2, shape)
    operands = [{"filename": "a.fits"}, {"filename": "b.fits"}]
    provider = {"provider_type": "fits_combination", "function": "-", "providers": operands}
    observation = only(serve([layer("difference", provider)]))
    new = hdus(cut, observation, region=CIRCLE)[0]
    inside = ~np.isnan(new.data)
    x, y = round(15 - new.header["CRPIX1"]), round(10 - new.header["CRPIX2"])
    part = (one - two)[..., y : y + new.data.shape[-2], x : x + new.data.shape[-1]]
    assert 0.5 < inside.mean() < 0.9
    assert np.array_equal(new.data[inside], part[inside])
    assert new.header["BUNIT"] == "K"
    if len(shape) == 3:
        keys = ("CTYPE3", "CRVAL3", "CDELT3", "CRPIX3", "CUNIT3", "RESTFRQ")
        assert [new.header[key] for key in keys] == ["VRAD", 10.0, 5.0, 2.0, "km/s", 1.42e9]


def test_a_file_that_changes_is_read_again(cut: Any, serve: Any, tmp_path: Path) -> None:
    cube(tmp_path / "a.fits", 1)
    observation = only(serve([layer("one", {"filename": "a.fits"})]))
    first = cut_observation(observation, Filter(region=CIRCLE), most_pixels=10**7)
    data = cube(tmp_path / "b.fits", 9)
    os.replace(tmp_path / "b.fits", tmp_path / "a.fits")
    second = cut_observation(observation, Filter(), most_pixels=10**7)
    assert first is not None
    assert second is not None
    assert first.version != second.version == observation.version
    assert np.array_equal(cut.opened(second)[0].data, data)
    with pytest.raises(VersionGoneError):
        b"".join(first.parts())


def test_a_file_that_never_rests_is_unavailable(serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cube(tmp_path / "a.fits", 1)
    observation = only(serve([layer("one", {"filename": "a.fits"})]))

    def gone(*_: Any) -> None:
        raise VersionGoneError("changed")

    monkeypatch.setattr("armillary.holdings.soda.cuts_of", gone)
    with pytest.raises(UnavailableError, match=r"a\.fits: keeps changing"):
        cut_observation(observation, Filter(), most_pixels=10**7)
