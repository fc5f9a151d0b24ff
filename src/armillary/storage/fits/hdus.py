"""Where the header-data units of a file lie (FITS 4.0, sections 3 and 4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from armillary.errors import CorruptFileError, FileError, UnsupportedFileError
from armillary.storage.blocks import describe_bytes
from armillary.storage.fits.cards import BLOCK, Header, find_end
from armillary.storage.source import check_fits

if TYPE_CHECKING:
    from armillary.storage.source import ByteSource

MAX_HEADER_BYTES = 16 << 20
MAX_HDUS = 10_000
MAX_AXES = 999
READ_BYTES = 6 * BLOCK
# A header that claims more than this while the file holds next to nothing is a mistake or an attack.
ABSURD_BYTES = 64 << 30
BITPIX = (8, 16, 32, 64, -32, -64)


@dataclass(slots=True)
class FitsHdu:
    """One header-data unit.

    Parameters
    ----------
    index
        Its number, 0 for the primary one.
    header
        Its cards.
    data_offset
        Where its data begin, in decoded bytes.
    data_size
        Bytes of its data as the header says, without padding.
    available
        Bytes of its data that the file holds.
    """

    index: int
    header: Header
    data_offset: int
    data_size: int
    available: int

    @property
    def name(self) -> str:
        """EXTNAME, empty when there is none."""
        return self.header.string("EXTNAME")

    @property
    def axes(self) -> tuple[int, ...]:
        """Lengths NAXIS1, NAXIS2 and so on."""
        return axis_lengths(self.header)

    @property
    def truncated(self) -> bool:
        """Whether the file ends before these data do."""
        return self.available < self.data_size


def scan_hdus(source: ByteSource) -> tuple[list[FitsHdu], list[str]]:
    """All units of a file and notes on what is wrong with it, without reading data.

    Damage after the first unit ends the list and is noted.

    Raises
    ------
    NotFitsError, CorruptFileError, UnsupportedFileError
        The primary header cannot be used.
    UnreadableFileError
        The file has vanished.
    """
    check_fits(source)
    hdus: list[FitsHdu] = []
    notes: list[str] = []
    offset = 0
    while len(hdus) < MAX_HDUS:
        try:
            hdu = _read_hdu(source, len(hdus), offset)
        except (CorruptFileError, UnsupportedFileError) as error:
            if not hdus:
                raise
            notes.append(f"What follows HDU {len(hdus) - 1} cannot be read: {_reason(error)}")
            break
        if hdu is None:
            break
        hdus.append(hdu)
        offset = hdu.data_offset + _padded(hdu.data_size)
        if _is_last(source, hdu, offset):
            break
    return hdus, notes


def _reason(error: FileError) -> str:
    return error.message.removeprefix(f"{error.name}: ")


def _is_last(source: ByteSource, hdu: FitsHdu, end: int) -> bool:
    """Whether the file ends with this unit; notes on the unit how much of its data there is."""
    if source.ends_at(end) or (hdu.data_size == 0 and not source.decoded and source.size <= end):
        return True
    if source.read_upto(end, 1):
        return False
    hdu.available = max(0, min(hdu.data_size, source.size - hdu.data_offset))
    return True


def _read_hdu(source: ByteSource, index: int, offset: int) -> FitsHdu | None:
    """The unit at ``offset``; None where there is none (special records, zeros)."""
    found = _read_header(source, index, offset)
    if found is None:
        return None
    raw, data_offset = found
    header = Header(raw)
    try:
        size = data_bytes(header, primary=index == 0)
    except ValueError as error:
        raise CorruptFileError(source.name, f"the header of HDU {index} contradicts itself: {error}.") from error
    if source.decoded and data_offset + size > source.max_bytes:
        raise UnsupportedFileError(
            source.name,
            f"its header claims {describe_bytes(size)} of decompressed data; at most "
            f"{describe_bytes(source.max_bytes)} are read from a compressed file: decompress it first.",
        )
    header.forget_index()
    return FitsHdu(index, header, data_offset, size, size)


def _read_header(source: ByteSource, index: int, offset: int) -> tuple[bytes, int] | None:
    parts: list[bytes] = []
    position = offset
    while position - offset < MAX_HEADER_BYTES:
        data = source.read_upto(position, READ_BYTES)
        if position == offset and index and not data.startswith(b"XTENSION"):
            return None
        end = find_end(data)
        if end is not None:
            parts.append(data[:end])
            return b"".join(parts), position + _padded(end + 1)
        if len(data) < READ_BYTES:
            raise CorruptFileError(source.name, f"the file ends within the header of HDU {index}.")
        parts.append(data)
        position += len(data)
    raise CorruptFileError(source.name, f"the header of HDU {index} has no END card.")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def axis_lengths(header: Header, prefix: str = "NAXIS") -> tuple[int, ...]:
    """Lengths of the axes as the header says.

    Raises
    ------
    ValueError
        A length is missing, negative or no whole number.
    """
    count = header.integer(prefix)
    if count is None or not 0 <= count <= MAX_AXES:
        raise ValueError(f"{prefix} is missing or not from 0 to {MAX_AXES}")
    lengths = []
    for axis in range(1, count + 1):
        length = header.integer(f"{prefix}{axis}")
        if length is None or length < 0:
            raise ValueError(f"{prefix}{axis} is missing or not a length")
        lengths.append(length)
    return tuple(lengths)


def data_bytes(header: Header, *, primary: bool) -> int:
    """Bytes of the data of a unit, without padding (equations 1 and 2 of section 4.4, groups of section 6).

    Raises
    ------
    ValueError
        BITPIX, an axis, PCOUNT or GCOUNT is not what the standard allows.
    """
    bitpix = header.integer("BITPIX")
    if bitpix not in BITPIX:
        raise ValueError("BITPIX is missing or none of 8, 16, 32, 64, -32, -64")
    lengths = axis_lengths(header)
    if not lengths:
        return 0
    groups = primary and lengths[0] == 0 and header.get("GROUPS") is True
    parameters = count = None
    if groups or not primary:
        parameters, count = header.integer("PCOUNT"), header.integer("GCOUNT")
    parameters = 0 if parameters is None else parameters
    count = 1 if count is None else count
    if parameters < 0 or count < 0:
        raise ValueError("PCOUNT or GCOUNT is negative or no number")
    pixels = prod(lengths[1:] if groups else lengths)
    return abs(bitpix) // 8 * count * (parameters + pixels)


def require_pixels(name: str, hdu: FitsHdu, row_bytes: int) -> None:
    """Refuse an image of which the file holds less than one row, or next to nothing of an absurd size.

    Raises
    ------
    CorruptFileError
        So it is.
    """
    if not hdu.truncated:
        return
    absurd = hdu.data_size > ABSURD_BYTES and hdu.available * 100 < hdu.data_size
    if hdu.available < row_bytes or absurd:
        raise CorruptFileError(
            name,
            f"HDU {hdu.index} claims {describe_bytes(hdu.data_size)} of data and the file holds "
            f"{describe_bytes(hdu.available)} of them: it is truncated or its header is wrong.",
        )
