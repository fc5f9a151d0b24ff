"""Catalogs whose every source is known, over images whose every pixel is known, and a server that shows them."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import uvicorn
from astropy.table import Table
from conftest_files import car_wcs, tan_wcs, write

from armillary.holdings import discover
from armillary.holdings.access import OWNER
from armillary.holdings.catalogs import offered_file
from armillary.holdings.tree import SourceGroup
from armillary.images.pyramid import Pyramid
from armillary.server.app import create_app
from armillary.server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIDE = 400
WCS = tan_wcs(1.0, 25.0, SIDE)
COUNT = 240
MANY = 200_000


def pixels() -> np.ndarray:
    """Pixels of the sources, none of them close to another, shape (COUNT, 2)."""
    rng = np.random.default_rng(5)
    cells = rng.permutation(np.stack(np.mgrid[1:19, 1:19], -1).reshape(-1, 2))[:COUNT]
    return 20.0 * cells + 10 + rng.uniform(-3, 3, (COUNT, 2)) + 0.5


def field_table() -> Table:
    rng = np.random.default_rng(6)
    x, y = pixels().T
    ra, dec = WCS.pixel_to_world_values(x, y)
    names = [f"{'NGC' if k % 3 else 'Obj, no.'} {100 + k}" for k in range(COUNT)]
    mag = np.ma.masked_array(rng.uniform(8, 20, COUNT).round(2), np.arange(COUNT) % 11 == 4)
    return Table(
        {
            "source_id": np.arange(COUNT) * 7919 + 2**60,
            "name": names,
            "ra": ra,
            "dec": dec,
            "mag": mag,
            "flux": 10 ** rng.uniform(-3, 4, COUNT),
        }
    )


def many_table() -> Table:
    rng = np.random.default_rng(7)
    z = rng.uniform(-1, 1, MANY)
    return Table(
        {
            "ra": rng.uniform(0, 360, MANY),
            "dec": np.degrees(np.arcsin(z)),
            "mag": rng.normal(18, 2, MANY).astype(np.float32),
            "number": np.arange(MANY),
        }
    )


def write_catalogs(folder: Path) -> Path:
    image = np.zeros((SIDE, SIDE), np.float32)
    x, y = np.rint(pixels()).astype(int).T
    image[y, x] = 100.0
    write(folder / "field.fits", image, WCS)
    write(folder / "allsky.fits", np.zeros((360, 720), np.float32), car_wcs(720, 360, growing=False))
    write(folder / "plain.fits", np.zeros((64, 64), np.float32))
    field_table().write(folder / "stars.ecsv")
    many_table().write(folder / "many.fits")
    seam = "name,ra,dec\nseam,300.2,10\nmiddle,120,-20\nlost,,5\nbeyond,10,95\nnowhere,nan,nan\n"
    (folder / "seam.csv").write_text(seam)
    (folder / "pair.csv").write_text("name,ra,dec\nfirst,120,0\nsecond,120.001,0\nthird,60,30\n")
    return folder


@contextlib.contextmanager
def catalogs_server(folder: Path) -> Iterator[str]:
    """Address of a server in this process that shows the folder and its catalogs."""
    settings = Settings(auth="none", tile_size=256, threads=2)

    def pyramid(plane: Any, identity: str) -> Pyramid:
        return Pyramid(plane, tile_size=settings.tile_size, identity=identity)

    found = discover([folder], pyramid, tile_size=settings.tile_size)
    found.run()
    for name in ("stars.ecsv", "many.fits", "seam.csv", "pair.csv", "gone.csv"):
        group = name.partition(".")[0]
        found.holdings.put_sources(
            SourceGroup(group, group.title(), offered_file(folder / name), description=f"From {name}")
        )
    app = create_app(found.holdings, settings, discovery=found, everybody=OWNER)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(20)
