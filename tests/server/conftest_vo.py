"""A server with images and catalogs for the services of the Virtual Observatory."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import pytest
from conftest_jobs import job_settings
from conftest_server import in_process, make_app, sky_data, tan_header, write_image
from conftest_xsd import children, valid

WORDS = (
    "UsageError: ", "MultiValuedParamNotSupported: ", "AuthenticationError: ", "AuthorizationError: ",
    "ServiceUnavailable: ", "Error: ",
)  # fmt: skip
STARS = 200


def write_archive(folder: Path) -> None:
    header = tan_header(200, 300)
    header["RADESYS"], header["DATE-OBS"], header["EXPTIME"], header["FILTER"] = (
        "ICRS",
        "2024-03-01T02:03:04",
        60.0,
        "r",
    )
    write_image(folder / "tan.fits", sky_data(), header)
    write_image(folder / "plain.fits", np.arange(64 * 70, dtype=np.int16).reshape(64, 70))
    cube = tan_header(80, 70)
    cube["CTYPE3"], cube["CUNIT3"], cube["CRVAL3"], cube["CDELT3"], cube["CRPIX3"] = "FREQ", "Hz", 1.4e9, 1e7, 1.0
    write_image(folder / "cube.fits", sky_data(2, (3, 70, 80)), cube)
    random = np.random.default_rng(3)
    ra, dec = 150 + random.uniform(-0.2, 0.2, STARS), 2 + random.uniform(-0.2, 0.2, STARS)
    lines = [
        f"star {k},{a!r},{d!r},{'' if k % 7 == 0 else k / 4}"
        for k, (a, d) in enumerate(zip(ra.tolist(), dec.tolist(), strict=True))
    ]
    (folder / "stars.csv").write_text("id,ra,dec,mag\n" + "\n".join(lines) + "\n")
    galactic = [f"{k * 3.5},{k - 45}" for k in range(90)]
    (folder / "galactic.csv").write_text("glon,glat\n" + "\n".join(galactic) + "\n")


class Service:
    """A server in this process, asked one thing at a time."""

    def __init__(self, folder: Path, home: Path, **settings: Any) -> None:
        self.folder = folder
        self.app = make_app(folder, **job_settings(home, **settings))
        self.inner = getattr(self.app, "app", self.app)

    def ask(self, url: str, method: str = "GET", base: str = "http://127.0.0.1:8000", **more: Any) -> httpx.Response:
        async def one() -> httpx.Response:
            async with in_process(self.app, base) as client:
                return await client.request(method, url, **more)

        return asyncio.run(one())

    def get(self, path: str, *pairs: tuple[str, str], **more: Any) -> httpx.Response:
        return self.ask(f"/vo/{path}{'?' if pairs else ''}{urlencode(pairs)}", **more)

    def close(self) -> None:
        self.inner.services.close()


@pytest.fixture(scope="module")
def vo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder)
    return folder


@pytest.fixture(scope="module")
def vo(vo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = Service(vo_folder, tmp_path_factory.mktemp("home"))
    yield made
    made.close()


def is_told(answer: httpx.Response, status: int, word: str = "") -> str:
    """The text of an error, which follows DALI."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.endswith("\n")
    assert "\n" not in answer.text[:-1]
    assert answer.text.startswith(f"{word}: " if word else WORDS), answer.text
    assert "Traceback" not in answer.text
    return answer.text


def table_rows(document: bytes) -> list[dict[str, str]]:
    """Rows of the first table of a VOTable, as texts by column."""
    root = valid(document)
    names = [field.get("name") for field in children(root, "RESOURCE/TABLE/FIELD")]
    rows = children(root, "RESOURCE/TABLE/DATA/TABLEDATA/TR")
    return [dict(zip(names, [cell.text or "" for cell in row], strict=True)) for row in rows]


def statuses(document: bytes) -> list[str]:
    """Values of ``QUERY_STATUS`` in order."""
    infos = children(valid(document), "RESOURCE/INFO")
    return [info.get("value") for info in infos if info.get("name") == "QUERY_STATUS"]


def stilts(*words: str, text: bytes | None = None) -> str:
    """What a task of stilts says."""
    program = shutil.which("stilts")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("stilts is missing")
    done = subprocess.run([program, "-batch", *words], input=text, capture_output=True, timeout=180, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said
