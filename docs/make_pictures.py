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
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

FOLDER = Path(__file__).with_name("pictures")
SIZE = {"width": 1440, "height": 860}
MOST_BYTES = 300_000
READY = "Armillary is ready: "
SOFTWARE_GL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]

# Name of the picture: query of the viewer's address and theme.
SCENES = {
    "map-dark": ("layer=microwave-I", "dark"),
    "field-dark": ("layer=field_r&stretch=asinh", "dark"),
    "field-light": ("layer=field_r&cmap=gray&invert=1&stretch=asinh", "light"),
    "cube-dark": ("layer=galaxy_cube&slice=22&cmap=inferno", "dark"),
    "healpix-dark": ("layer=microwave_smooth&frame=galactic&cmap=RdBu_r", "dark"),
}


@contextlib.contextmanager
def demo() -> Iterator[str]:
    """Address of a running demo."""
    command = [sys.executable, "-m", "armillary", "demo", "--no-browser", "--auth", "none", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = next((line for line in process.stdout or () if line.startswith(READY)), None)
        if line is None:
            raise SystemExit("The demo did not start.")
        yield line.removeprefix(READY).split("?")[0].strip()
    finally:
        process.terminate()
        process.wait(15)


def shot(browser: Browser, address: str, query: str, theme: str) -> bytes:
    """PNG of one scene, once the map is at rest."""
    page = browser.new_page(viewport=SIZE, color_scheme=theme)  # type: ignore[arg-type]
    try:
        page.goto(f"{address}?{query}")
        page.wait_for_load_state("networkidle")
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
            data = small(shot(browser, address, *SCENES[name]))
            (FOLDER / f"{name}.png").write_bytes(data)
            print(f"{name}.png {len(data) // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main()
