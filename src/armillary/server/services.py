"""What the routes share: the holdings, the threads, the caches."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from armillary.errors import UnavailableError
from armillary.holdings.access import ANONYMOUS, Access
from armillary.holdings.observation_index import ObservationIndex
from armillary.holdings.search import Search
from armillary.server.asgi import unless_gone
from armillary.server.memcached import make_shared_cache
from armillary.server.resolver import NameResolver
from armillary.server.work import Workers
from armillary.storage.cache import ByteLru

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from starlette.requests import Request

    from armillary.holdings.layers import Layer
    from armillary.holdings.tree import Holdings
    from armillary.server.figures import Figures
    from armillary.server.job_room import JobRoom
    from armillary.server.settings import Settings
    from armillary.server.shared_cache import SharedCache

T = TypeVar("T")

JOB_THREADS = 8
"""Those that wait to write at the same time share a commit."""
TABLE_THREADS = 4
SEARCH_THREADS = 8
NAME_THREADS = 4
NAME_QUEUE = 32
MOST_SENDING_BYTES = 1 << 30
"""Of large answers that are held while their clients take them."""


class Watcher(Protocol):
    """What follows the files behind the holdings: ``Discovery``, or an open configuration."""

    stopped: threading.Event

    def is_due(self) -> bool:
        """Whether it is time to look again."""
        ...

    def look_again(self) -> None:
        """Look for what is new, changed, gone or back. Blocks."""
        ...


@dataclass(slots=True)
class Services:
    """What the routes share.

    Parameters
    ----------
    discovery
        Looks for new files when the tree is asked for; None for a fixed tree.
    figures
        Where requests are counted; None for nowhere.
    """

    holdings: Holdings
    settings: Settings
    discovery: Watcher | None = None
    figures: Figures | None = None
    tile_workers: Workers = field(init=False)
    query_workers: Workers = field(init=False)
    source_workers: Workers = field(init=False)
    tile_cache: ByteLru = field(init=False)
    shared_cache: SharedCache | None = field(init=False)
    search: Search = field(init=False)
    observations: ObservationIndex = field(init=False)
    search_workers: Workers = field(init=False)
    names: NameResolver = field(init=False)
    name_workers: Workers = field(init=False)
    job_workers: Workers = field(init=False)
    table_workers: Workers = field(init=False)
    _jobs: JobRoom | None = field(init=False, default=None)
    _jobs_lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    images_under_way: int = 0
    cutouts_under_way: int = 0
    sending_bytes: int = 0

    def __post_init__(self) -> None:
        settings = self.settings
        self.tile_workers = Workers(settings.threads, settings.queue, "tile")
        self.query_workers = Workers(settings.threads, settings.queue, "query")
        # Apart from the others: while a catalog of ten million rows is read, nobody waits for a layer.
        self.source_workers = Workers(settings.threads, settings.queue, "source")
        self.tile_cache = ByteLru(settings.memory << 18)  # A quarter of it.
        self.shared_cache = make_shared_cache(settings)
        self.search = Search(self.holdings)
        self.observations = ObservationIndex(self.holdings)
        # Apart from the others: a search may wait until the headers of all files were looked through.
        self.search_workers = Workers(SEARCH_THREADS, settings.queue, "search")
        self.names = NameResolver(settings.name_resolver)
        self.name_workers = Workers(NAME_THREADS, NAME_QUEUE, "names", lambda: None)
        # Apart from the others: a database that does not answer keeps nobody from cutouts.
        self.job_workers = Workers(JOB_THREADS, settings.queue, "jobs")
        # Tables that come with jobs take long to read, and longer to be fetched.
        self.table_workers = Workers(TABLE_THREADS, settings.queue, "tables")

    def layer(self, request: Request, layer_id: str) -> Layer:
        """The layer, by the gate."""
        return self.holdings.layer(layer_id, access_of(request))

    async def compute(
        self, request: Request, key: Hashable | None, work: Callable[[], T], workers: Workers | None = None
    ) -> T:
        """Result of blocking work, shared by those who ask for the same, dropped when the client goes."""
        return await unless_gone(request.receive, (workers or self.query_workers).run(key, work))

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread."""
        return self.tile_workers.waiting + self.query_workers.waiting + self.source_workers.waiting

    @contextlib.contextmanager
    def room(self, count: int) -> Iterator[None]:
        """Memory for an answer of so many bytes while it is sent; the first one has it always.

        Raises
        ------
        UnavailableError
            Too much is held already for clients that read slowly.
        """
        if self.sending_bytes and self.sending_bytes + count > MOST_SENDING_BYTES:
            raise UnavailableError("Too many large answers are being sent: try again in a moment.")
        self.sending_bytes += count
        try:
            yield
        finally:
            self.sending_bytes -= count

    def jobs(self) -> JobRoom:
        """The background jobs, opened when they are first wanted. Blocks then."""
        with self._jobs_lock:
            if self._jobs is None:
                from armillary.server.job_room import open_room

                self._jobs = open_room(self)
            return self._jobs

    def resume_jobs(self) -> None:
        """Have jobs done that an earlier run left; in a thread of its own."""
        from armillary.server.job_room import resume

        threading.Thread(target=resume, args=(self,), name="jobs-resume", daemon=True).start()

    def close_jobs(self) -> None:
        """End what does jobs; those under way are begun anew by whoever serves next."""
        with self._jobs_lock:
            room, self._jobs = self._jobs, None
        if room is not None:
            room.close()

    def close(self) -> None:
        """Stop the threads and close the files."""
        if self.discovery is not None:
            self.discovery.stopped.set()
        self.tile_workers.close()
        if self.shared_cache is not None:
            self.shared_cache.close()
        self.query_workers.close()
        self.source_workers.close()
        self.observations.close()
        self.search_workers.close()
        self.name_workers.close()
        self.job_workers.close()
        self.table_workers.close()
        self.close_jobs()
        self.holdings.close()


def services_of(request: Request) -> Services:
    """The services of the application that answers ``request``."""
    found: Services = request.app.state.services
    return found


def access_of(request: Request) -> Access:
    """Who asks, as the guard found out."""
    access: Access = request.scope.get("armillary.access", ANONYMOUS)
    return access
