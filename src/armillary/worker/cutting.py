"""What a job of SODA does: every combination of its values becomes a result, by the same way as a cutout at once."""

from __future__ import annotations

import csv
import io
import logging
import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from armillary.errors import ArmillaryError, FileError, NotFoundError, UnavailableError, VersionGoneError
from armillary.holdings.access import Access
from armillary.jobs.model import Progress
from armillary.vo.errors import dali_text, labelled
from armillary.vo.parameters import Parameters
from armillary.vo.soda import parse
from armillary.worker.packing import MEDIA_TYPES, Member, archive
from armillary.worker.positions import NoPlace, read_positions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from armillary.holdings.pictures import ObservationPicture
    from armillary.holdings.soda import ObservationCut
    from armillary.holdings.tree import Holdings
    from armillary.jobs.model import Job, Owner, Result
    from armillary.jobs.work import Desk, Work
    from armillary.vo.soda import Combo, SodaRequest

log = logging.getLogger(__name__)

TRIES = 3
TEXT = "text/plain; charset=utf-8"
CONTENTS = "contents.csv"
LONGEST_STEM = 80
"""Of the name of a result: with its number and suffix it stays below what a desk keeps of names."""
_LEGIBLE = re.compile(r"[A-Za-z0-9]")
MOST_MESSAGE = 500
MOST_PIXELS = 400_000_000
NO_FILE = "This is not available now: its file cannot be used."


def make_work(scene: dict[str, Any]) -> Work:
    """The work of a process: opens the holdings of a scene, once.

    Parameters
    ----------
    scene
        As ``open_scene`` takes it; of its ``settings`` also ``cutout_pixels`` and ``vo_authority`` count.

    Raises
    ------
    ConfigurationError, UnavailableError
        As ``open_scene``.
    """
    from armillary.worker.scene import open_scene

    found = open_scene(scene)
    settings: Mapping[str, Any] = scene.get("settings", {})

    def work(job: Job, desk: Desk) -> None:
        if found.is_due():
            found.look_again()
        Cutting(found.holdings, settings, job, desk).run()

    return work


def access_of(owner: Owner) -> Access:
    """Who the owner was when the job was made, for the gate."""
    words = owner.access
    return Access(
        owner.name or "anonymous",
        frozenset(words.get("grants", ())),
        everything=bool(words.get("everything")),
        administrator=bool(words.get("administrator")),
    )


def style_of(parameters: Parameters) -> dict[str, str]:
    """The style of pictures, in the words of the tiles' addresses."""
    from armillary.holdings.styles import STYLE_NAMES

    given = {name: parameters.one(name) for name in STYLE_NAMES}
    return {name: value for name, value in given.items() if value is not None}


@dataclass(slots=True)
class _Flow:
    """Parts on their way to the store, their CRC-32, and what went wrong where they come from."""

    parts: Iterable[bytes | memoryview]
    crc: int = 0
    failure: Exception | None = None

    def __iter__(self) -> Iterator[bytes | memoryview]:
        self.crc = 0
        try:
            for part in self.parts:
                self.crc = zlib.crc32(part, self.crc)
                yield part
        except Exception as error:
            self.failure = error
            raise


@dataclass(frozen=True, slots=True)
class Cut:
    """What a combination gave: a file that is yet to be read, or a text that says why there is none."""

    media_type: str
    suffix: str
    parts: Callable[[], Iterable[bytes | memoryview]]
    said: str = ""

    @property
    def empty(self) -> bool:
        """Whether it is such a text."""
        return bool(self.said)


@dataclass(slots=True)
class _Made:
    """A result in the archive's words."""

    combo: Combo
    result: Result
    crc: int
    message: str


@dataclass(slots=True)
class Cutting:
    """One job.

    Parameters
    ----------
    holdings
        Asked with the access that the owner had.
    settings
        ``cutout_pixels``: most pixels of one result; ``vo_authority``: of our identifiers.
    """

    holdings: Holdings
    settings: Mapping[str, Any]
    job: Job
    desk: Desk
    _style: dict[str, str] = field(default_factory=dict)
    _made: list[_Made] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Do it.

        Raises
        ------
        ArmillaryError
            The request makes no sense, there is no room for results, or not one combination could be answered.
        """
        authority = self.settings.get("vo_authority", "armillary.local")
        parameters = Parameters(self.job.parameters)
        request = parse(parameters, authority=authority, sync=False)
        if request.form != "fits":
            self._style = style_of(parameters)
        self._check_ids(request.ids)
        positions = read_positions(request, self.desk)
        count = request.count(len(positions))
        packed = bool(request.uploads) and request.package != "none"
        total = count + packed
        self.desk.tell(Progress(0, total))
        failures = []
        for combo in request.combos(positions):
            failure = self._one(combo, request, many=count > 1)
            if failure is not None:
                failures.append(failure)
            self.desk.tell(Progress(combo.number, total))
        if len(failures) == count:
            raise failures[0]
        if packed:
            self._pack(request.package)
            self.desk.tell(Progress(total, total))

    def _check_ids(self, ids: tuple[str, ...]) -> None:
        """Nothing is begun where there is not one of the observations."""
        failure: NotFoundError | None = None
        for obs_id in ids:
            try:
                self.holdings.observation(obs_id, access_of(self.job.owner))
            except NotFoundError as error:
                failure = failure or error
            else:
                return
        if failure is not None:
            raise failure

    def _one(self, combo: Combo, request: SodaRequest, *, many: bool) -> ArmillaryError | None:
        """Keep the result of a combination; the error that stands in its place, if one does."""
        for tried in range(TRIES):
            try:
                cut = self._cut(combo, request)
            except ArmillaryError as error:
                return self._explain(combo, error, many=many)
            flow = _Flow(cut.parts())
            name = self._name(combo, cut.suffix, many=many)
            try:
                result = self.desk.keep(_id(combo), name, cut.media_type, flow, empty=cut.empty)
            except ArmillaryError as error:
                if flow.failure is not error:
                    raise  # There is no room, or nothing can be kept: that ends the job.
                if isinstance(error, VersionGoneError) and tried < TRIES - 1:
                    continue
                return self._explain(combo, error, many=many)
            self._settle(combo, result, flow.crc, cut.said)
            return None
        return None

    def _cut(self, combo: Combo, request: SodaRequest) -> Cut:
        if isinstance(combo.region, NoPlace):
            return _text(labelled("UsageError", f"position {combo.label}: {combo.region.problem}."))
        observation = self.holdings.observation(combo.obs_id, access_of(self.job.owner))
        from armillary.holdings.soda import Filter, cut_observation

        wanted = Filter(combo.region, combo.band_m, combo.time_mjd, combo.pols)
        made: ObservationCut | ObservationPicture | None
        if request.form == "fits":
            most = self.settings.get("cutout_pixels", MOST_PIXELS)
            made = cut_observation(observation, wanted, most_pixels=most)
        else:
            from armillary.holdings.pictures import picture_of

            made = picture_of(observation, wanted, request.form, self._style)
        if made is None:
            return _text(labelled("Error", f"{combo.words}: there is no pixel."))
        return Cut(request.media_type, request.form, made.parts)

    def _explain(self, combo: Combo, error: ArmillaryError, *, many: bool) -> ArmillaryError:
        """A text in the place of a result, which says what is wrong with this combination alone."""
        if isinstance(error, FileError) and not access_of(self.job.owner).administrator:
            # Why not is told to administrators alone, as everywhere.
            log.warning("job %s: %s", self.job.job_id, error.message)
            error = UnavailableError(NO_FILE)
        said = dali_text(error)
        word, _, message = said.partition(": ")
        text = labelled(word, f"{combo.words}: {message}")
        flow = _Flow([text.encode()])
        name = self._name(combo, "txt", many=many)
        result = self.desk.keep(_id(combo), name, TEXT, flow, empty=True)
        self._settle(combo, result, flow.crc, said.strip())
        return error

    def _settle(self, combo: Combo, result: Result, crc: int, message: str) -> None:
        self._names.add(result.name.lower())
        self._made.append(_Made(combo, result, crc, message[:MOST_MESSAGE]))

    def _name(self, combo: Combo, suffix: str, *, many: bool) -> str:
        """A name of its own for every result: of the observation, and of the position where several are cut."""
        from armillary.holdings.soda import file_name

        label = combo.label if _LEGIBLE.search(combo.label) else ""
        words = [combo.obs_id, label or (str(combo.number) if many or combo.label else "")]
        stem = file_name("-".join(filter(None, words)), suffix).removesuffix(f"-cutout.{suffix}")
        stem = stem[:LONGEST_STEM].rstrip("._-")
        name = f"{stem}.{suffix}"
        return name if name.lower() not in self._names else f"{stem}-{combo.number}.{suffix}"

    def _pack(self, form: str) -> None:
        """One file of all results, with a table of what is in it."""
        table = _contents(self._made)
        members = [Member(CONTENTS, len(table), zlib.crc32(table), lambda: [table])]
        members += [
            Member(one.result.name, one.result.size, one.crc, _again(self.desk, one.result)) for one in self._made
        ]
        moment = self.job.started or datetime.now(UTC)
        self.desk.keep("package", f"cutouts.{form}", MEDIA_TYPES[form], archive(form, members, moment))


def _id(combo: Combo) -> str:
    return f"cutout-{combo.number}"


def _text(text: str) -> Cut:
    return Cut(TEXT, "txt", lambda: [text.encode()], text.strip())


def _again(desk: Desk, result: Result) -> Callable[[], Iterable[bytes | memoryview]]:
    return lambda: desk.again(result)


def _contents(made: list[_Made]) -> bytes:
    """The table of an archive's results, as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["number", "file", "bytes", "id", "position", "region", "band_m", "time_mjd", "message"])
    for one in made:
        region = one.combo.region.words if one.combo.region is not None else ""
        rows.writerow(
            [
                one.combo.number,
                one.result.name,
                one.result.size,
                one.combo.obs_id,
                one.combo.label,
                region[:MOST_MESSAGE],
                _interval(one.combo.band_m),
                _interval(one.combo.time_mjd),
                one.message,
            ]
        )
    return text.getvalue().encode()


def _interval(bounds: tuple[float, float] | None) -> str:
    return "" if bounds is None else f"{bounds[0]} {bounds[1]}"
