"""A small folder of files and a server over it, in this process and in one of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from astropy.io import fits

from armillary.holdings import discover
from armillary.holdings.access import OWNER
from armillary.images.pyramid import Pyramid
from armillary.server.app import create_app
from armillary.server.settings import Settings


def tan_header(nx: int, ny: int) -> fits.Header:
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRPIX1"], header["CRPIX2"] = nx / 2, ny / 2
    header["CRVAL1"], header["CRVAL2"] = 150.0, 2.0
    header["CDELT1"], header["CDELT2"] = -0.001, 0.001
    header["BUNIT"] = "Jy/beam"
    return header


def write_image(path: Path, data: np.ndarray, header: fits.Header | None = None) -> Path:
    """Write beside and move over, as careful programs replace files."""
    part = path.with_name(path.name + ".part")
    fits.PrimaryHDU(data, header).writeto(part, overwrite=True)
    os.replace(part, path)
    return path


def sky_data(seed: int = 1, shape: tuple[int, ...] = (300, 200)) -> np.ndarray:
    data = np.random.default_rng(seed).normal(10.0, 2.0, shape).astype(np.float32)
    data[..., :5, :5] = np.nan
    return data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "sky"
    where.mkdir()
    write_image(where / "tan.fits", sky_data(), tan_header(200, 300))
    write_image(where / "plain.fits", np.arange(64 * 70, dtype=np.int16).reshape(64, 70))
    write_image(where / "cube.fits", sky_data(2, (3, 70, 80)))
    (where / "bad.fits").write_bytes(b"this is no FITS file" * 300)
    (where / "notes.txt").write_text("not looked at")
    return where


def make_app(folder: Path, **settings: Any) -> Any:
    chosen = Settings(**({"auth": "none", "tile_size": 64, "threads": 2, "name_resolver": ""} | settings))

    def pyramid(plane: Any, identity: str) -> Pyramid:
        return Pyramid(plane, tile_size=chosen.tile_size, identity=identity)

    found = discover([folder], pyramid, tile_size=chosen.tile_size)
    found.run()
    return create_app(found.holdings, chosen, discovery=found, everybody=OWNER)


@contextlib.asynccontextmanager
async def in_process(app: Any, base: str = "http://127.0.0.1:8000", **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base, **more) as client:
        yield client


@pytest.fixture
def ask(folder: Path) -> Callable[..., httpx.Response]:
    """Ask a server of the folder."""
    return asker(folder)


def asker(folder: Path) -> Callable[..., httpx.Response]:
    """Ask a server of the folder as it is now, in this process; one event loop for each request."""
    import asyncio

    app = make_app(folder)

    async def one(method: str, url: str, **more: Any) -> httpx.Response:
        async with in_process(app) as client:
            return await client.request(method, url, **more)

    def request(url: str, method: str = "GET", **more: Any) -> httpx.Response:
        return asyncio.run(one(method, url, **more))

    return request


@contextlib.contextmanager
def running(*arguments: str | Path, environment: dict[str, str] | None = None) -> Iterator[tuple[Any, str]]:
    """``armillary open`` in a process of its own: the process and the address it printed."""
    command = [sys.executable, "-m", "armillary", "open", *map(str, arguments), "--no-browser"]
    if "--port" not in arguments:
        command += ["--port", "0"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
    with (
        tempfile.TemporaryDirectory() as home,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=kept | {"XDG_CONFIG_HOME": home} | (environment or {}),
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield process, line.removeprefix("Armillary is ready: ").strip()
        finally:
            if process.poll() is None:
                process.kill()
