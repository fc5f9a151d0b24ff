"""Make the pictures of the documentation: the demo in a real browser (``python docs/make_pictures.py [NAME…]``).

Needs Playwright and Chromium. Every picture is a PNG with a palette, small enough to be kept in the repository.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).with_name("pictures")
SIZE = {"width": 1440, "height": 860}
MOST_BYTES = 300_000
READY = "Armillary is ready: "
SOFTWARE_GL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]

# Centre and rim of the apertures that are drawn, as shares of the map.
APERTURES = (((0.3, 0.7), (0.35, 0.72)), ((0.28, 0.355), (0.34, 0.355)), ((0.635, 0.545), (0.73, 0.58)))

# Name of the picture: query of the viewer's address and theme.
SCENES = {
    "map-dark": ("layer=microwave-I", "dark"),
    "field-dark": ("layer=field_r&stretch=asinh", "dark"),
    "field-light": ("layer=field_r&cmap=gray&invert=1&stretch=asinh", "light"),
    "cube-dark": ("layer=galaxy_cube&slice=22&cmap=inferno", "dark"),
    "catalog-dark": ("layer=field_g&stretch=asinh&catalogs=stars", "dark"),
    "box-dark": ("layer=field_r&stretch=asinh", "dark"),
    "apertures-light": ("layer=field_r&stretch=asinh&cmap=gray&invert=1", "light"),
    "jobs-dark": ("layer=field_r&stretch=asinh", "dark"),
    "healpix-dark": ("layer=microwave_smooth&frame=galactic&cmap=RdBu_r", "dark"),
}


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()
    page.wait_for_timeout(600)


def _drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag on the map; places are shares of its width and height."""
    box = page.locator("#map").bounding_box()
    if box is None:
        raise SystemExit("There is no map.")
    (ax, ay), (bx, by) = ((box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end))
    page.mouse.move(ax, ay)
    page.mouse.down()
    page.mouse.move(bx, by, steps=6)
    page.mouse.up()
    page.wait_for_timeout(1500)


def _catalog(page: Page) -> None:
    page.keyboard.press("k")
    _press(page, "Table")
    page.locator("ar-source-grid .body .row").nth(3).click()


def _box(page: Page) -> None:
    page.keyboard.press("r")
    _press(page, "Draw a box")
    _drag(page, (0.5, 0.42), (0.78, 0.7))


def _apertures(page: Page) -> None:
    page.keyboard.press("q")
    for start, end in APERTURES:
        _press(page, "Draw an aperture")
        _drag(page, start, end)


def _list_job(page: Page, name: str, rows: int) -> None:
    """A job for a table of positions in the field."""
    _press(page, "List")
    lines = [f"{150.06 + 0.08 * (k % 97) / 97:.6f},{2.17 + 0.08 * (k % 89) / 89:.6f}" for k in range(rows)]
    table = "\n".join(["ra,dec", *lines]).encode()
    page.get_by_label("Table of positions").set_input_files({"name": name, "mimeType": "text/csv", "buffer": table})
    page.locator("ar-job-list-form button.main:enabled").click()
    page.locator("ar-job-row", has_text=name).wait_for()


def _jobs(page: Page) -> None:
    page.keyboard.press("j")
    page.locator("ar-jobs-panel").get_by_role("button", name="Region").click()
    page.locator("ar-job-region-form button.main:enabled").click()
    page.locator("ar-job-row", has_text="Done").wait_for()
    _list_job(page, "variables.csv", 24)
    page.locator("ar-job-row", has_text="24 files").wait_for()
    _list_job(page, "galaxies.csv", 20_000)
    page.locator("ar-job-row", has_text="variables.csv").locator(".pick").click()


# What is done on the page before the picture is taken.
ACTS: dict[str, Callable[[Page], None]] = {
    "catalog-dark": _catalog,
    "box-dark": _box,
    "apertures-light": _apertures,
    "jobs-dark": _jobs,
}


@contextlib.contextmanager
def demo() -> Iterator[str]:
    """Address of a running demo."""
    command = [sys.executable, "-m", "armillary", "demo", "--no-browser", "--auth", "none", "--port", "0"]
    with tempfile.TemporaryDirectory() as folder:
        # Jobs of pictures are nobody's.
        environment = {**os.environ, "ARMILLARY_JOBS_DATABASE": str(Path(folder, "jobs.sqlite"))}
        yield from _running(command, environment)


def _running(command: list[str], environment: dict[str, str]) -> Iterator[str]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        line = next((line for line in process.stdout or () if line.startswith(READY)), None)
        if line is None:
            raise SystemExit("The demo did not start.")
        yield line.removeprefix(READY).split("?")[0].strip()
    finally:
        process.terminate()
        process.wait(15)


def shot(browser: Browser, address: str, query: str, theme: str, act: Callable[[Page], None] | None = None) -> bytes:
    """PNG of one scene after what is done on it, once the map is at rest."""
    page = browser.new_page(viewport=SIZE, color_scheme=theme)  # type: ignore[arg-type]
    try:
        page.goto(f"{address}?{query}")
        page.wait_for_load_state("networkidle")
        if act:
            act(page)
        page.mouse.move(SIZE["width"] * 0.52, SIZE["height"] * 0.47)
        page.wait_for_timeout(2500)
        return page.screenshot()
    finally:
        page.close()


def small(png: bytes) -> bytes:
    """The same picture with a palette, with fewer colours and smaller until it is small enough."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for width in (picture.width, 1120, 960):
        scaled = picture.resize((width, picture.height * width // picture.width), Image.Resampling.LANCZOS)
        for colours in (256, 192, 128):
            packed = io.BytesIO()
            few = scaled.quantize(colours, kmeans=2, dither=Image.Dither.NONE)
            few.save(packed, "PNG", optimize=True)
            if packed.tell() <= MOST_BYTES:
                return packed.getvalue()
    raise SystemExit("A picture is too large, however few its colours.")


def main() -> None:
    """Make the pictures named, all without a name."""
    names = sys.argv[1:] or list(SCENES)
    FOLDER.mkdir(exist_ok=True)
    chromium = os.environ.get("ARMILLARY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*SOFTWARE_GL, "--no-sandbox"])
        for name in names:
            data = small(shot(browser, address, *SCENES[name], ACTS.get(name)))
            (FOLDER / f"{name}.png").write_bytes(data)
            print(f"{name}.png {len(data) // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main()
