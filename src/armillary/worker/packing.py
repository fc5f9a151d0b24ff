"""Archives of many files as streams: nothing is compressed, their length follows from the members'.

ZIP as APPNOTE 6.3.10 describes it, with the fields of ZIP64 (4.5.3) where numbers are large; tar as POSIX.1-2001 (pax).
"""

from __future__ import annotations

import struct
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

MEDIA_TYPES = {"zip": "application/zip", "tar": "application/x-tar"}
LARGE = 0xFFFFFFFF
MANY = 0xFFFF
UNIX = 3 << 8
MODE = 0o100644
NAMES_IN_UTF8 = 1 << 11


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive.

    Parameters
    ----------
    size, crc
        Its bytes, and their CRC-32.
    parts
        Gives them.
    """

    name: str
    size: int
    crc: int
    parts: Callable[[], Iterable[bytes | memoryview]]


def archive(form: str, members: Sequence[Member], moment: datetime) -> Iterator[bytes | memoryview]:
    """An archive as a stream.

    Parameters
    ----------
    form
        ``zip`` or ``tar``.
    members
        With names that differ.
    moment
        Time of all of them.
    """
    return zip_parts(members, moment) if form == "zip" else tar_parts(members, moment)


def zip_parts(members: Sequence[Member], moment: datetime) -> Iterator[bytes | memoryview]:
    """A ZIP archive; see ``archive``."""
    when = _dos_time(moment)
    places = []
    place = 0
    for member in members:
        places.append(place)
        head = _local_header(member, when)
        yield head
        yield from member.parts()
        place += len(head) + member.size
    size = 0
    for member, start in zip(members, places, strict=True):
        entry = _central_header(member, when, start)
        yield entry
        size += len(entry)
    yield _end(len(members), place, size)


def _dos_time(moment: datetime) -> tuple[int, int]:
    """Time and date of MS-DOS (4.4.6), which begins in 1980 and counts pairs of seconds."""
    moment = max(moment, moment.replace(year=1980, month=1, day=1)) if moment.year < 1980 else moment
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return time, (moment.year - 1980) << 9 | moment.month << 5 | moment.day


def _local_header(member: Member, when: tuple[int, int]) -> bytes:
    name = member.name.encode()
    large = member.size >= LARGE
    extra = struct.pack("<HHQQ", 1, 16, member.size, member.size) if large else b""
    size = LARGE if large else member.size
    words = (0x04034B50, 45 if large else 20, NAMES_IN_UTF8, 0, *when, member.crc, size, size, len(name), len(extra))
    return struct.pack("<IHHHHHIIIHH", *words) + name + extra


def _central_header(member: Member, when: tuple[int, int], start: int) -> bytes:
    name = member.name.encode()
    numbers = (member.size, member.size, start)
    large = [number for number in numbers if number >= LARGE]
    extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    size, _, place = (min(number, LARGE) for number in numbers)
    needs = 45 if large else 20
    words = (0x02014B50, UNIX | needs, needs, NAMES_IN_UTF8, 0, *when, member.crc, size, size, len(name), len(extra))
    return struct.pack("<IHHHHHHIIIHHHHHII", *words, 0, 0, 0, MODE << 16, place) + name + extra


def _end(count: int, place: int, size: int) -> bytes:
    """The end of the central directory, of ZIP64 first where a number needs it."""
    words = b""
    if count >= MANY or place >= LARGE or size >= LARGE:
        words = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, UNIX | 45, 45, 0, 0, count, count, size, place)
        words += struct.pack("<IIQI", 0x07064B50, 0, place + size, 1)
    few = min(count, MANY)
    return words + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, few, few, min(size, LARGE), min(place, LARGE), 0)


def tar_parts(members: Sequence[Member], moment: datetime) -> Iterator[bytes | memoryview]:
    """A tar archive; see ``archive``."""
    length = 0
    for member in members:
        about = tarfile.TarInfo(member.name)
        about.size, about.mtime, about.mode = member.size, int(moment.timestamp()), MODE & 0o777
        head = about.tobuf(tarfile.PAX_FORMAT)
        fill = -member.size % tarfile.BLOCKSIZE
        yield head
        yield from member.parts()
        yield bytes(fill)
        length += len(head) + member.size + fill
    yield bytes(2 * tarfile.BLOCKSIZE + -(length + 2 * tarfile.BLOCKSIZE) % tarfile.RECORDSIZE)
