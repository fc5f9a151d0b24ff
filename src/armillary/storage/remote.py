"""Files that are far, kept by blocks in the shared cache; on web servers by ranges (RFC 9110, section 14)."""

from __future__ import annotations

import hashlib
import http.client
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from armillary.errors import CorruptFileError, UnreadableFileError, UnsupportedFileError
from armillary.storage import cache
from armillary.storage.blocks import BlockedSource, new_key

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK_BYTES = 256 << 10
MAX_REQUEST_BLOCKS = 64
MAX_WHOLE_BYTES = 64 << 20
TIMEOUT_S = 20.0
# For so long a look at the version is not repeated: a tile asks for it several times.
VERSION_AGE_S = 2.0
CHANGED = "it changed on its server while it was read."


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the server says of the file."""

    version: str
    size: int


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirections to web servers only."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.startswith(("http://", "https://")):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class FarSource(BlockedSource):
    """A file that is far: blocks that lie side by side come in one request."""

    decoded = False
    max_bytes = 1 << 62

    def __init__(self, name: str) -> None:
        self.name = name
        self._key = new_key()

    def close(self) -> None:
        """Nothing is held open."""

    @abstractmethod
    def _fetch(self, start: int, stop: int, version: str) -> bytes:
        """Bytes of a range within the file, if it still has that version."""

    def _blocks(self, offset: int, length: int) -> Iterator[tuple[int, bytes]]:
        version = self.version
        end = min(offset + length, self.size)
        index, stop = offset // BLOCK_BYTES, -(-end // BLOCK_BYTES)
        while index < stop:
            data = cache.decoded.get((self._key, version, index))
            if data is not None:
                yield index * BLOCK_BYTES, data
                index += 1
                continue
            count = self._missing(index, stop, version)
            start = index * BLOCK_BYTES
            data = self._fetch(start, min(start + count * BLOCK_BYTES, self.size), version)
            for k in range(count):
                block = data[k * BLOCK_BYTES : (k + 1) * BLOCK_BYTES]
                cache.decoded.put((self._key, version, index + k), block, len(block))
            yield start, data
            index += count

    def _missing(self, index: int, stop: int, version: str) -> int:
        """How many blocks from ``index`` on are wanted and not kept: they come in one request."""
        count = 1
        while (
            index + count < stop
            and count < MAX_REQUEST_BLOCKS
            and cache.decoded.get((self._key, version, index + count)) is None
        ):
            count += 1
        return count


class HttpSource(FarSource):
    """A file behind an ``http://`` or ``https://`` address.

    Parameters
    ----------
    url
        Its address.

    Raises
    ------
    UnreadableFileError
        The server does not answer or does not give the file.
    UnsupportedFileError
        The server knows no ranges and the file is larger than 64 MiB.
    """

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        super().__init__(urllib.parse.unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.hostname or "address")
        self._url = url
        self._opener = urllib.request.build_opener(_WebOnly)
        self._lock = threading.Lock()
        self._whole: bytes | None = None
        self._facts = _Facts("", 0)
        self._looked = -1e9
        self._read_first()

    @property
    def version(self) -> str:
        """Made of the address, length, ETag and Last-Modified; asked again after two seconds."""
        if time.monotonic() - self._looked > VERSION_AGE_S and self._whole is None:
            with self._lock, self._request({}, method="HEAD") as answer:
                size = int(answer.headers.get("Content-Length") or self._facts.size)
                self._learn(answer, size)
        return self._facts.version

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._facts.size

    def _read_first(self) -> None:
        with self._request({"Range": f"bytes=0-{BLOCK_BYTES - 1}"}) as answer:
            if answer.status == http.HTTPStatus.PARTIAL_CONTENT:
                data = self._take_range(answer, 0, BLOCK_BYTES)
                cache.decoded.put((self._key, self._facts.version, 0), data, len(data))
                return
            length = answer.headers.get("Content-Length")
            if length is not None and int(length) > MAX_WHOLE_BYTES:
                self._refuse_whole()
            whole = answer.read(MAX_WHOLE_BYTES + 1)
            if len(whole) > MAX_WHOLE_BYTES:
                self._refuse_whole()
            self._whole = whole
            self._learn(answer, len(whole))

    def _refuse_whole(self) -> None:
        raise UnsupportedFileError(
            self.name, "its server gives no parts of files (HTTP ranges): download it and open the copy."
        )

    def _blocks(self, offset: int, length: int) -> Iterator[tuple[int, bytes]]:
        return super()._blocks(offset, length) if self._whole is None else iter([(0, self._whole)])

    def _fetch(self, start: int, stop: int, version: str) -> bytes:
        with self._request({"Range": f"bytes={start}-{stop - 1}"}) as answer:
            data = self._take_range(answer, start, stop - start)
        if self._facts.version != version:
            raise CorruptFileError(self.name, CHANGED)
        return data

    def _take_range(self, answer: http.client.HTTPResponse, start: int, length: int) -> bytes:
        unit, _, rest = (answer.headers.get("Content-Range") or "").partition(" ")
        span, _, total = rest.partition("/")
        if answer.status != http.HTTPStatus.PARTIAL_CONTENT or unit != "bytes" or not total.isdigit():
            raise UnreadableFileError(self.name, "its server stopped giving parts of the file.")
        if span.partition("-")[0] != str(start):
            raise UnreadableFileError(self.name, "its server gives other parts of the file than those asked for.")
        self._learn(answer, int(total))
        try:
            data = answer.read(length)
        except (OSError, http.client.HTTPException) as error:
            raise UnreadableFileError(self.name, "the connection to its server broke.") from error
        if len(data) != min(length, int(total) - start):
            raise UnreadableFileError(self.name, "the connection to its server broke.")
        return data

    def _learn(self, answer: http.client.HTTPResponse, size: int) -> None:
        tag, changed = answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", "")
        facts = f"{self._url}\n{size}\n{tag}\n{changed}"
        self._facts = _Facts(hashlib.blake2b(facts.encode(), digest_size=8).hexdigest(), size)
        self._looked = time.monotonic()

    def _request(self, headers: dict[str, str], method: str = "GET") -> http.client.HTTPResponse:
        headers = {"Accept-Encoding": "identity", "User-Agent": "armillary", **headers}
        request = urllib.request.Request(self._url, headers=headers, method=method)  # noqa: S310  (http or https)
        try:
            answer: http.client.HTTPResponse = self._opener.open(request, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise CorruptFileError(self.name, "it is empty or became shorter on its server.") from error
            raise UnreadableFileError(self.name, f"its server answered {error.code}.") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UnreadableFileError(self.name, "its server does not answer.") from error
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            answer.close()
            raise UnsupportedFileError(
                self.name, "its server insists on compressing it: download it and open the copy."
            )
        return answer
