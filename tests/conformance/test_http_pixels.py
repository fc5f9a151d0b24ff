"""What a client gets over HTTP from a real server, against astropy reading the same files.

Everything here goes through ``python -m armillary open`` and the documented addresses; nothing is imported from
the package but its name.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import pixel_to_skycoord

pytestmark = [pytest.mark.real_data, pytest.mark.filterwarnings("ignore")]


@contextmanager
def server(*paths: Path) -> Iterator[httpx.Client]:
    command = [
        sys.executable,
        "-m",
        "armillary",
        "open",
        *map(str, paths),
        "--no-browser",
        "--port",
        "0",
        "--auth",
        "none",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Armillary is ready: http"), line
            with httpx.Client(base_url=line.split(": ", 1)[1].strip(), timeout=60) as client:
                yield client
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def client(real_data: Path) -> Iterator[httpx.Client]:
    paths = sorted(path for path in real_data.iterdir() if ".fits" in path.name)
    with server(*paths) as running:
        for _ in range(200):
            if not running.get("/api/holdings").json()["scanning"]:
                break
        yield running


def layers(client: httpx.Client) -> dict[str, dict]:
    tree = client.get("/api/holdings").json()
    found = {}
    for group in tree["map_groups"]:
        for entry in group["maps"]:
            for band in entry["bands"]:
                for layer in band["layers"]:
                    found[layer["layer_id"]] = client.get(f"/api/layers/{layer['layer_id']}").json()
    return found


def plane_of(path: Path, hdu: int) -> np.ndarray:
    """The first plane of an HDU as astropy reads it."""
    data = np.asarray(fits.getdata(path, hdu), dtype=np.float64)
    while data.ndim > 2:
        data = data[0]
    return data


def expected_tile(data: np.ndarray, levels: int, size: int, level: int, row: int, col: int) -> np.ndarray:
    """Mean of valid pixels, squares anchored at the top left: the plainest way to write it."""
    factor = 2 ** (levels - 1 - level)
    top_down = data[::-1]
    piece = top_down[row * size * factor : (row + 1) * size * factor, col * size * factor : (col + 1) * size * factor]
    padded = np.full((size * factor, size * factor), np.nan)
    padded[: piece.shape[0], : piece.shape[1]] = piece
    blocks = padded.reshape(size, factor, size, factor).swapaxes(1, 2).reshape(size, size, -1)
    valid = np.isfinite(blocks)
    count = valid.sum(-1)
    total = np.where(valid, blocks, 0.0).sum(-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


IMAGES = [
    ("1904-66_AIT.fits", 0),
    ("HSC-0908120-056-small.fits", 1),
    ("HSC-0908120-056-small.fits", 2),
    ("HSC-0908120-056-small.fits", 3),
    ("equatorial_3d.fits", 0),
    ("legacysurvey-0959p805-image-g.fits.fz", 1),
    ("m13_gzip.fits", 1),
    ("m13_rice.fits", 1),
    ("reprojected_sdss_g.fits.bz2", 0),
    ("reprojected_sdss_i.fits.bz2", 0),
    ("reprojected_sdss_r.fits.bz2", 0),
    ("u_gal.fits", 0),
]


def layer_of(client: httpx.Client, name: str, hdu: int) -> dict:
    matches = [info for info in layers(client).values() if name in info["path"] and info["hdu"] == hdu]
    assert matches, f"{name}[{hdu}] is not among the layers"
    return matches[0]


@pytest.mark.parametrize(("name", "hdu"), IMAGES)
def test_tiles_are_the_means_of_the_files_pixels(client: httpx.Client, real_data: Path, name: str, hdu: int) -> None:
    info = layer_of(client, name, hdu)
    data = plane_of(real_data / name, hdu)
    assert tuple(info["shape"]) == data.shape
    size, levels = info["tile_size"], info["levels"]
    for level in range(levels):
        factor = 2 ** (levels - 1 - level)
        rows, cols = (math.ceil(math.ceil(n / factor) / size) for n in data.shape)
        for row, col in {(0, 0), (rows - 1, cols - 1), (rows // 2, cols // 2)}:
            answer = client.get(f"/api/layers/{info['id']}/tiles/{level}/{row}/{col}.f32")
            assert answer.status_code == 200
            tile = np.frombuffer(answer.content, "<f4").reshape(size, size)
            wanted = expected_tile(data, levels, size, level, row, col)
            scale = np.nanmax(np.abs(wanted), initial=0.0)
            np.testing.assert_allclose(tile, wanted, rtol=2e-6, atol=2e-6 * scale, equal_nan=True)


@pytest.mark.parametrize(("name", "hdu"), IMAGES)
def test_values_and_positions_are_astropys(client: httpx.Client, real_data: Path, name: str, hdu: int) -> None:
    info = layer_of(client, name, hdu)
    path = real_data / name
    data = plane_of(path, hdu)
    with fits.open(path) as file:
        wcs = WCS(file[hdu].header, file).celestial if name != "HSC-0908120-056-small.fits" else WCS(file[hdu].header)
    random = np.random.default_rng(5)
    for _ in range(8):
        y, x = (int(random.integers(n)) for n in data.shape)
        answer = client.get(f"/api/layers/{info['id']}/values", params={"x": x, "y": y}).json()
        if np.isnan(data[y, x]):
            assert answer["value"] is None
        else:
            assert answer["value"] == pytest.approx(data[y, x], rel=1e-12)
        try:
            sky = pixel_to_skycoord(x, y, wcs).icrs
        except ValueError:
            assert answer["ra"] is None
            continue
        if np.isnan(sky.ra.deg):
            assert answer["ra"] is None
            continue
        offset = math.hypot((answer["ra"] - sky.ra.deg + 180) % 360 - 180, answer["dec"] - sky.dec.deg)
        assert offset * math.cos(sky.dec.rad) < 1e-7 or offset < 1e-7


def test_every_file_is_shown_or_explained(client: httpx.Client, real_data: Path) -> None:
    tree = client.get("/api/holdings").json()
    shown = {entry["name"] for group in tree["map_groups"] for entry in group["maps"]}
    explained = {problem["name"]: problem["message"] for problem in tree["problems"]}
    names = {path.name for path in real_data.iterdir() if ".fits" in path.name}
    catalogs = {group["name"] for group in tree["source_groups"]}
    assert catalogs == {"gaia_data"}
    assert shown | {"gaia_data.fits"} == names
    assert explained == {}


def test_histogram_counts_every_pixel(client: httpx.Client, real_data: Path) -> None:
    info = layer_of(client, "u_gal.fits", 0)
    data = plane_of(real_data / "u_gal.fits", 0)
    answer = client.get(f"/api/layers/{info['id']}/histogram", params={"bins": 64, "exact": 1}).json()
    assert len(answer["counts"]) == 64
    assert len(answer["edges"]) == 65
    assert answer["nan"] == int(np.isnan(data).sum())
    assert sum(answer["counts"]) + answer["below"] + answer["above"] == int(np.isfinite(data).sum())
    counts, _ = np.histogram(data[np.isfinite(data)], answer["edges"])
    assert np.abs(counts - answer["counts"]).sum() <= 4


def test_header_is_the_files_own(client: httpx.Client, real_data: Path) -> None:
    info = layer_of(client, "u_gal.fits", 0)
    text = client.get(f"/api/layers/{info['id']}/header").text
    header = fits.getheader(real_data / "u_gal.fits", 0)
    assert fits.Header.fromstring(text, sep="\n")["NAXIS1"] == header["NAXIS1"]
    assert len([line for line in text.splitlines() if line.strip()]) >= len(header.cards)


@pytest.mark.parametrize(
    "address", ["-1/0/0", "99/0/0", "0/-1/0", "0/0/99999999999999999999", "a/0/0", "0/1e3/0", "0/0/nan"]
)
def test_addresses_outside_the_grid_are_refused(client: httpx.Client, address: str) -> None:
    answer = client.get(f"/api/layers/u_gal/tiles/{address}.f32")
    assert answer.status_code in {404, 422}
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "query",
    ["cmap=nosuch", "vmin=1&vmax=1", "vmin=2&vmax=1", "vmin=nan", "vmax=inf", "vmin=x", "gamma=0", "stretch=wild"],
)
def test_bad_styles_are_refused_with_the_reason(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/api/layers/u_gal/tiles/0/0/0.png?{query}")
    assert 400 <= answer.status_code < 500
    assert query.split("=")[0] in answer.json()["error"]["message"]
