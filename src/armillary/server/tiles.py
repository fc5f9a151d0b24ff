"""Tiles: the fast way from an address to bytes, without the web framework.

``GET …/api/layers/{layer}/tiles/{level}/{row}/{col}.{ext}``. A tile that is in the cache costs a stat, a look-up and
a send.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from armillary.errors import NotFoundError, ParameterError, VersionGoneError
from armillary.holdings.facts import steadily
from armillary.holdings.styles import STYLE_NAMES, check_style, layer_style
from armillary.render import EXTENSIONS, encode
from armillary.render.coding import compress, negotiate
from armillary.server.asgi import check_method, header, not_modified, respond, unless_gone
from armillary.server.errors import HttpError
from armillary.server.shared_cache import Packed, pack, tile_key, unpack
from armillary.sky.grid import TileKey

if TYPE_CHECKING:
    from armillary.holdings.access import Access
    from armillary.holdings.layers import Layer
    from armillary.holdings.tree import Holdings
    from armillary.images.pyramid import Pyramid
    from armillary.render.coding import Coding
    from armillary.server.asgi import RawHeaders, Receive, Scope, Send
    from armillary.server.figures import Figures
    from armillary.server.shared_cache import SharedCache
    from armillary.server.work import Workers
    from armillary.storage.cache import ByteLru

PREFIX = "/api/layers/"
ADDRESS = re.compile(r"/api/layers/([^/]+)/tiles/([^/]+)/([^/]+)/([^/]+)\.([A-Za-z0-9]+)")
NUMBER = re.compile(r"-?[0-9]{1,9}")
COLOURED = {"png", "jpg", "webp"}
FRESH = b"private, max-age=31536000, immutable"
CHECKED = b"private, no-cache"
OVERHEAD_BYTES = 600
LONGEST_REMEMBERED = 512
LONGEST_STYLE_WORD = 64
NOTHING = Packed(b"", "", "identity")


@dataclass(frozen=True, slots=True)
class TileRequest:
    """What a tile's address asks for, checked.

    Parameters
    ----------
    version
        Version asked for, empty for any.
    style
        Style parameters as given, sorted.
    """

    layer_id: str
    key: TileKey
    ext: str
    version: str
    preview: bool
    style: tuple[tuple[str, str], ...]
    digest: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Hash once: the request is a key of the cache, and itself kept by ``parse``."""
        object.__setattr__(
            self, "digest", hash((self.layer_id, self.key, self.ext, self.version, self.preview, self.style))
        )

    def __hash__(self) -> int:
        return self.digest


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile ready to be sent."""

    packed: Packed
    headers: RawHeaders
    etag: bytes

    @property
    def body(self) -> bytes:
        """Its bytes, compressed."""
        return self.packed.body


def _number(name: str, text: str) -> int:
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        raise ParameterError(name, f"must be a whole number, not {text[:40]!r}")
    if not NUMBER.fullmatch(text):
        raise NotFoundError(f"There is no tile so far out: {name} is {len(text)} digits long.")
    return int(text)


def parse(path: str, query: str) -> TileRequest:
    """A tile's address, checked as far as it can be without the layer.

    Of a parameter that is given several times the last counts; unknown ones are ignored.

    Raises
    ------
    ParameterError
        A number is none, or the style makes no sense.
    NotFoundError
        An extension or number that no tile has.
    """
    match = ADDRESS.fullmatch(path)
    if match is None:
        raise NotFoundError("Tiles have addresses of the form /api/layers/{layer}/tiles/{level}/{row}/{col}.{ext}.")
    layer_id, level, row, col, ext = match.groups()
    key = TileKey(_number("level", level), _number("row", row), _number("col", col))
    if ext not in EXTENSIONS:
        raise NotFoundError(f"There are no tiles {ext[:20]!r}: use one of {', '.join(EXTENSIONS)}.")
    given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=64))
    style = tuple(sorted((name, given[name]) for name in STYLE_NAMES & given.keys())) if ext in COLOURED else ()
    for name, word in style:
        if len(word) > LONGEST_STYLE_WORD:
            raise ParameterError(name, f"must have at most {LONGEST_STYLE_WORD} characters")
    check_style(dict(style))
    preview = given.get("preview", "0")
    if preview not in {"0", "1"}:
        raise ParameterError("preview", f"must be 1 or 0, not {preview[:40]!r}")
    return TileRequest(layer_id, key, ext, given.get("v", ""), preview == "1", style)


def make_tile(layer: Layer, asked: TileRequest, coding: Coding) -> tuple[Tile, bool, str]:
    """Compute, encode and compress a tile.

    Returns
    -------
    The tile, whether it is a preview, and the version it is of.

    Raises
    ------
    VersionGoneError
        The version asked for is gone.
    NotFoundError
        Outside the grid.
    """

    def read(pyramid: Pyramid, version: str) -> tuple[Tile, bool, str]:
        if asked.version and asked.version != version:
            raise gone(layer)
        raster = pyramid.tile(asked.key, preview=asked.preview)
        if raster.preview:
            pyramid.prepare()
        style, counts = layer_style(layer, pyramid, dict(asked.style)) if asked.ext in COLOURED else (None, None)
        encoded = encode(raster, asked.ext, style, histogram=counts)
        used: Coding = coding if encoded.compressible else "identity"
        packed = Packed(compress(encoded.body, used), encoded.media_type, used)
        return dressed(packed, asked, version), raster.preview, version

    return steadily(layer, read)


def dressed(packed: Packed, asked: TileRequest, version: str) -> Tile:
    """An encoded tile with its headers."""
    headers = [(b"content-type", packed.media_type.encode()), (b"vary", b"Accept-Encoding")]
    if packed.coding != "identity":
        headers.append((b"content-encoding", packed.coding.encode()))
    return Tile(packed, headers, tag(version, asked, packed.coding))


def gone(layer: Layer) -> VersionGoneError:
    """The error for a version that the file has no more."""
    return VersionGoneError(f"{layer.entry.file.name}: changed; ask for the layer again to learn its new version.")


@lru_cache(maxsize=8192)
def tag(version: str, asked: TileRequest, coding: str) -> bytes:
    """Strong entity tag: of version, tile, form, style and coding."""
    style = "-" + hashlib.blake2b(repr(asked.style).encode(), digest_size=8).hexdigest() if asked.style else ""
    key = asked.key
    return f'"{version}-{key.level}-{key.row}-{key.col}-{asked.ext}{style}-{coding}"'.encode()


class TileRoute:
    """Serves tiles.

    Parameters
    ----------
    holdings
        The gate.
    workers
        Where tiles are made.
    cache
        Of encoded tiles, bounded by bytes.
    shared
        Of encoded tiles too, shared with other processes; None for none.
    prefix
        Keeps the keys in ``shared`` apart from those of other servers.
    figures
        Where it is counted what tiles came from.
    """

    def __init__(
        self,
        holdings: Holdings,
        workers: Workers,
        cache: ByteLru,
        shared: SharedCache | None = None,
        prefix: str = "",
        figures: Figures | None = None,
    ) -> None:
        self._holdings = holdings
        self._workers = workers
        self._cache = cache
        self._shared = shared
        self._prefix = prefix
        self._count = (lambda _word: None) if figures is None else figures.add

    async def __call__(self, scope: Scope, receive: Receive, send: Send, path: str, access: Access) -> None:
        """Answer one request.

        Parameters
        ----------
        path
            Below the root path, percent-encoded.
        access
            Who asks.
        """
        check_method(scope)
        asked = parse_request(path, scope["query_string"])
        layer = self._holdings.layer(asked.layer_id, access)
        version = layer.version_at_once() or await self._opened(layer)
        if asked.version and asked.version != version:
            raise gone(layer)
        coding: Coding = negotiate(header(scope, b"accept-encoding")) if asked.ext not in COLOURED else "identity"
        kept: Tile | None = self._cache.get((asked.layer_id, version, asked, coding))
        if kept is not None:
            self._count("tiles_kept")
            await self._send(scope, send, kept, asked, preview=False)
            return
        expected = tag(version, asked, coding)
        if not asked.preview and not_modified(scope, expected):
            await self._workers.run(("check", layer, asked.key), lambda: layer.pyramid().grid.check(asked.key))
            await self._send(scope, send, Tile(NOTHING, [], expected), asked, preview=False)
            return
        tile, preview = await unless_gone(receive, self._made(layer, asked, version, coding))
        await self._send(scope, send, tile, asked, preview=preview)

    async def _opened(self, layer: Layer) -> str:
        """Version of a layer whose file is not open or has changed: in a thread, for it may lie far away."""
        version: str = await self._workers.run(("open", layer), lambda: layer.version)
        return version

    async def _made(self, layer: Layer, asked: TileRequest, version: str, coding: Coding) -> tuple[Tile, bool]:
        def work() -> tuple[Tile, bool]:
            # Another flight may have landed since the look into the cache.
            kept: Tile | None = self._cache.get((asked.layer_id, version, asked, coding))
            if kept is not None:
                return kept, False
            shared = self._from_others(layer, asked, version, coding)
            if shared is not None:
                self._count("tiles_shared")
                self._keep(shared, asked, version, coding)
                return shared, False
            tile, preview, made_of = make_tile(layer, asked, coding)
            self._count("tiles_made")
            if not preview:
                self._keep(tile, asked, made_of, coding)
                if self._shared is not None:
                    key = tile_key(self._prefix, asked, made_of, coding)
                    self._shared.put(key, pack(key, tile.packed))
            return tile, preview

        return await self._workers.run((asked.layer_id, version, asked, coding), work)

    def _keep(self, tile: Tile, asked: TileRequest, version: str, coding: Coding) -> None:
        self._cache.put((asked.layer_id, version, asked, coding), tile, len(tile.body) + OVERHEAD_BYTES)

    def _from_others(self, layer: Layer, asked: TileRequest, version: str, coding: Coding) -> Tile | None:
        """The tile as another process made it; only such as the layer has, whatever the cache holds."""
        if self._shared is None:
            return None
        layer.pyramid().grid.check(asked.key)
        key = tile_key(self._prefix, asked, version, coding)
        value = self._shared.get(key)
        packed = None if value is None else unpack(key, value)
        if packed is None or packed.coding not in {coding, "identity"}:
            return None
        return dressed(packed, asked, version)

    async def _send(self, scope: Scope, send: Send, tile: Tile, asked: TileRequest, *, preview: bool) -> None:
        if preview:
            marks = [(b"x-armillary-preview", b"1"), (b"cache-control", b"no-store")]
            await respond(scope, send, 200, [*tile.headers, *marks], tile.body)
            return
        caching = (b"cache-control", FRESH if asked.version else CHECKED)
        headers = [*tile.headers, (b"etag", tile.etag), caching]
        if not_modified(scope, tile.etag):
            headers = [(b"etag", tile.etag), caching, (b"vary", b"Accept-Encoding")]
            await respond(scope, send, 304, headers, b"")
            return
        await respond(scope, send, 200, headers, tile.body)


def parse_request(path: str, query: bytes) -> TileRequest:
    """``parse`` for bytes off the wire; addresses of usual length are remembered.

    Raises
    ------
    HttpError
        Too many parameters.
    ParameterError, NotFoundError
        As ``parse``.
    """
    if len(path) + len(query) > LONGEST_REMEMBERED:
        return _parsed.__wrapped__(path, query)
    return _parsed(path, query)


@lru_cache(maxsize=8192)
def _parsed(path: str, query: bytes) -> TileRequest:
    try:
        return parse(unquote(path, errors="strict"), query.decode("latin-1"))
    except ValueError:
        raise HttpError(400, "bad_address", "The address or its query cannot be read.") from None
