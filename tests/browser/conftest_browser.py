"""What the browser tests share: the server as a process, Chromium, and a page with words for what a person does."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import pytest
from conftest_files import write_sky
from PIL import Image
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response, Route

READY = "Armillary is ready: "
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--no-first-run", "--force-color-profile=srgb"]
SOFTWARE_GL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
# WebGL draws by SwiftShader; that the page is put together without it takes a third of the time.
SOFTWARE_GL += ["--disable-gpu-compositing"]
GROUND = (5, 7, 10)
"""Colour of the map where there is no data: the token ``--sky``."""
BARE = {"grid": 0, "scalebar": 0, "compass": 0, "minimap": 0}
"""Nothing over the pixels."""
PATIENCE_S = float(os.environ.get("ARMILLARY_BROWSER_PATIENCE", "60"))
POLL_MS = 40
expect.set_options(timeout=1000 * PATIENCE_S)


@contextlib.contextmanager
def serve(*paths: object, auth: str = "none", command: str = "open", **settings: str) -> Iterator[str]:
    """Address of ``armillary open`` (or ``serve``) on ``paths``, a process of its own that never asks the network."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "settings.toml")
        lines = [f"{name} = {json.dumps(value)}" for name, value in {"name_resolver": "", **settings}.items()]
        config.write_text("\n".join(lines), encoding="utf-8")
        words = [sys.executable, "-m", "armillary", command, *map(str, paths), "--config", str(config)]
        with _running([*words, "--no-browser", "--port", "0", "--auth", auth]) as found:
            yield found


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[str]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        line = next((line for line in process.stdout if line.startswith(READY)), None)
        assert line, "the server did not start"
        yield line.removeprefix(READY).strip()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def chromium_path() -> str:
    """Where Chromium is; without one the tests are skipped, under CI they fail."""
    path = os.environ.get("ARMILLARY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail("no Chromium: install one, or name it in ARMILLARY_CHROMIUM")
    pytest.skip("no Chromium: install one, or name it in ARMILLARY_CHROMIUM")


@pytest.fixture(scope="module")
def launcher() -> Iterator[Callable[..., Browser]]:
    """Starts Chromium. One Playwright for each module: its event loop would be in the way of other tests."""
    path = chromium_path()
    with sync_playwright() as playwright, contextlib.ExitStack() as stack:

        def start(*arguments: str) -> Browser:
            browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
            stack.callback(browser.close)
            return browser

        yield start


@pytest.fixture(scope="session")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the files of ``conftest_files``."""
    return write_sky(tmp_path_factory.mktemp("sky"))


@pytest.fixture(scope="session")
def address(sky: Path) -> Iterator[str]:
    """Address of a server that shows ``sky``."""
    with serve(sky) as found:
        yield found


@pytest.fixture(scope="module")
def chromium(launcher: Callable[..., Browser]) -> Browser:
    return launcher(*SOFTWARE_GL)


@pytest.fixture
def viewer(chromium: Browser, address: str) -> Iterator[Callable[..., Viewer]]:
    """Makes pages. At the end each must have been silent, and have talked to its server only."""
    yield from _viewers(chromium, address)


@pytest.fixture
def plain_viewer(launcher: Callable[..., Browser], address: str) -> Iterator[Callable[..., Viewer]]:
    """As ``viewer``, in a Chromium without WebGL."""
    yield from _viewers(launcher("--disable-gpu", "--disable-3d-apis", "--disable-software-rasterizer"), address)


def _viewers(browser: Browser, address: str) -> Iterator[Callable[..., Viewer]]:
    made: list[Viewer] = []

    def make(at: str = address, *, width: int = 1280, height: int = 800, **options: Any) -> Viewer:
        options.setdefault("reduced_motion", "reduce")
        options.setdefault("color_scheme", "dark")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE_S * 1000)
        made.append(Viewer(context.new_page(), at))
        return made[-1]

    yield make
    for one in made:
        one.page.context.close()
    for one in made:
        one.check_silence()


class Viewer:
    """A page of the viewer."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.tiles: list[str] = []
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.expected: list[str] = []
        """Parts of complaints that the test provokes."""
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)
        if "/tiles/" in request.url:
            self.tiles.append(request.url)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # What a failed request says there has been noted by its answer, with its address.
        known = ("Failed to load resource", "GL Driver Message (OpenGL, Performance")
        if message.type in {"error", "warning"} and not any(part in message.text for part in known):
            self.complaints.append(f"{message.type}: {message.text}")

    def check_silence(self) -> None:
        loud = [text for text in self.complaints if not any(part in text for part in self.expected)]
        assert loud == []
        host = urlsplit(self.address).netloc
        foreign = [url for url in self.requests if url.startswith(("http", "ws")) and urlsplit(url).netloc != host]
        assert foreign == []

    # --- what the page shows ---

    def open(self, query: str | None = None, **parameters: Any) -> Viewer:
        """Go to an address and wait until the map is at rest."""
        found = urlencode(parameters) if query is None else query
        self.page.goto(f"{self.address}?{found}" if found else self.address)
        self.rest()
        return self

    def rest(self) -> None:
        """Wait until the map has a layer and nothing is on its way."""
        self.page.locator('#map[aria-busy="false"]').wait_for()

    def eventually(self, check: Callable[[], object], seconds: float = PATIENCE_S) -> None:
        """Repeat a check until it holds; what it said last is what is reported."""
        end = time.monotonic() + seconds
        while True:
            try:
                check()
            except AssertionError:
                if time.monotonic() > end:
                    raise
                self.page.wait_for_timeout(POLL_MS)
            else:
                return

    @property
    def box(self) -> dict[str, float]:
        box = self.page.locator("#map").bounding_box()
        assert box is not None
        return dict(box)

    def picture(self) -> np.ndarray:
        """The map as it is on the screen, shape (height, width, 3)."""
        return decode(self.page.screenshot(clip=self.box, animations="disabled"))  # type: ignore[arg-type]

    def still(self) -> np.ndarray:
        """The map once two pictures of it, one after the other, are the same."""
        pictures = [self.picture()]

        def same() -> None:
            pictures.append(self.picture())
            assert pictures[-1].shape == pictures[-2].shape
            assert (pictures[-1] == pictures[-2]).all()

        self.eventually(same)
        return pictures[-1]

    @property
    def query(self) -> dict[str, str]:
        """What the address says; asked of the page itself, which need not have told of it yet."""
        return dict(parse_qsl(self.page.evaluate("location.search").removeprefix("?")))

    def wait_query(self, **wanted: str | None) -> None:
        """Wait until the address says this."""

        def same() -> None:
            assert {name: self.query.get(name) for name in wanted} == wanted

        self.eventually(same)

    def number(self, name: str) -> float:
        assert name in self.query
        return float(self.query[name])

    def says(self, part: str) -> None:
        """Wait for something that is said in passing."""
        self.page.locator("ar-toasts", has_text=part).wait_for()

    @property
    def readout(self) -> Locator:
        return self.page.locator("ar-foot-bar")

    # --- what a person does ---

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def point(self, sx: float, sy: float) -> None:
        """Put the pointer on a place of the map, from its top left corner."""
        box = self.box
        self.page.mouse.move(box["x"] + sx, box["y"] + sy)

    def drag(self, start: tuple[float, float], by: tuple[float, float], steps: int = 5) -> None:
        x, y = start
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + by[0], y + by[1], steps=steps)
        self.page.mouse.up()

    def go_to(self, text: str) -> None:
        field = self.page.get_by_label("Go to a position")
        field.fill(text)
        field.press("Enter")


def back_twice(page: Viewer) -> Held:
    """Go back twice, to places of the sky, in quick succession: the second has its answer, the first has not."""
    held = Held(page.page, "**/values?*")
    page.page.go_back()
    page.eventually(held.some)
    page.page.go_back()
    page.eventually(lambda: held.some(2))
    held.answer_newest()
    return held


class Held:
    """Requests of a page that get no answer until they are let go."""

    def __init__(self, page: Page, pattern: str) -> None:
        self.routes: list[Route] = []
        self._page = page
        self._holding = True
        page.route(pattern, self._answer)

    def _answer(self, route: Route) -> None:
        if self._holding:
            self.routes.append(route)
        else:
            route.continue_()

    def some(self, least: int = 1) -> None:
        assert len(self.routes) >= least

    def answer_newest(self) -> None:
        """Answer the last one of those that are held."""
        route = self.routes.pop()
        with self._page.expect_request_finished(lambda request: request == route.request):
            route.continue_()

    def let_go(self) -> None:
        """Answer the held ones and all that come."""
        self._holding = False
        for route in self.routes:
            route.continue_()


def decode(png: bytes) -> np.ndarray:
    """RGB of a PNG, signed so that differences are what they are."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


class Frame:
    """Where pixels of a plane are on the map: ``x``, ``y`` in its middle, ``scale`` pixels in one of the screen."""

    def __init__(self, viewer: Viewer, x: float, y: float, scale: float, *, mirror: bool = False) -> None:
        box = viewer.box
        self.width, self.height = box["width"], box["height"]
        self.x, self.y, self.scale, self.hand = x, y, scale, -1 if mirror else 1

    def screen(self, x: float, y: float) -> tuple[float, float]:
        sx = self.width / 2 + self.hand * (x - self.x) / self.scale
        return sx, self.height / 2 - (y - self.y) / self.scale

    def colour(self, picture: np.ndarray, x: float, y: float) -> tuple[int, ...]:
        """Colour on the screen in the middle of a pixel of the plane."""
        sx, sy = self.screen(x, y)
        return tuple(int(c) for c in picture[int(np.floor(sy)), int(np.floor(sx))])
