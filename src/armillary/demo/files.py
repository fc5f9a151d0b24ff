"""All files of the demo, made in one folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from armillary.demo.cube import write_cube
from armillary.demo.microwave import simulate_sky, write_healpix_map, write_microwave_map
from armillary.demo.starfield import write_field

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20_250_321


def _write_maps(folder: Path, rng: np.random.Generator) -> list[Path]:
    sky = simulate_sky(rng)
    paths = [folder / "microwave.fits", folder / "microwave_smooth.fits"]
    write_microwave_map(paths[0], sky, rng)
    write_healpix_map(paths[1], sky)
    return paths


def _write_cube(folder: Path, rng: np.random.Generator) -> list[Path]:
    path = folder / "galaxy_cube.fits"
    write_cube(path, rng)
    return [path]


def write_demo_files(folder: Path) -> list[Path]:
    """Simulate and write everything: maps, field, cube and the catalog ``stars.csv``.

    The same bytes at every run: each file has its own stream of chance.

    Parameters
    ----------
    folder
        An empty folder.

    Returns
    -------
    The FITS files, in the order in which they are best looked at.
    """
    makers = (_write_maps, write_field, _write_cube)
    streams = [np.random.default_rng(seed) for seed in np.random.SeedSequence(SEED).spawn(len(makers))]
    with ThreadPoolExecutor(len(makers)) as pool:
        made = [pool.submit(maker, folder, stream) for maker, stream in zip(makers, streams, strict=True)]
        return [path for task in made for path in task.result()]
