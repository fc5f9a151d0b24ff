"""A cutout of two gigabytes is streamed within a hundred megabytes of the process's own memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from astropy.io import fits
from armillary.holdings import discover
from armillary.holdings.access import OWNER
from armillary.holdings.soda import Filter, cut_observation
from armillary.images.pyramid import Pyramid
from armillary.sky.regions import parse_pos

def own():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

def opened(path):
    found = discover([str(path)], lambda plane, _, **more: Pyramid(plane, tile_size=64))
    found.run()
    return found.holdings.observations(OWNER)[0]

def sparse(path, ny, nx):
    header = fits.PrimaryHDU(np.zeros((1, 1), np.float32)).header
    header["NAXIS1"], header["NAXIS2"] = nx, ny
    header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": nx / 2, "CRPIX2": ny / 2, "CRVAL1": 150.0})
    header.update({"CRVAL2": 2.0, "CDELT1": -1e-5, "CDELT2": 1e-5})
    text = header.tostring().encode()
    with path.open("wb") as file:
        file.write(text)
        file.truncate(len(text) + -(-ny * nx * 4 // 2880) * 2880)

folder, pos = Path(sys.argv[1]), sys.argv[2]
sparse(folder / "small.fits", 300, 400)
sparse(folder / "large.fits", 22_000, 24_400)
wanted = Filter(parse_pos(pos) if pos else None)
for part in cut_observation(opened(folder / "small.fits"), wanted, most_pixels=10**9).parts():
    pass
observation = opened(folder / "large.fits")
start, most, total = own(), 0.0, 0
cut = cut_observation(observation, wanted, most_pixels=10**9)
for k, part in enumerate(cut.parts()):
    total += len(part)
    if k % 20 == 0:
        most = max(most, own() - start)
assert total == cut.length()
print(total, most)
"""


@pytest.mark.parametrize("pos", ["", "CIRCLE 150 2 0.12"])
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="own memory is told by /proc")
def test_two_gigabytes(tmp_path: Path, pos: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path), pos]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    total, most = done.stdout.split()
    assert int(total) > 2_000_000_000
    assert float(most) < 100.0
