"""What a primary header says of a whole file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from armillary.images.cutouts.cards import GONE
from armillary.storage.fits.cards import CARD

if TYPE_CHECKING:
    from armillary.storage.fits.cards import Header

# What describes an array, should the primary unit have one: its extension tells it itself.
_ARRAY = re.compile(
    rb"(BSCALE|BZERO|BUNIT|BLANK|EXTNAME|EXTVER|EXTLEVEL|WCSAXES[A-Z]?|WCSNAME[A-Z]?|(LON|LAT)POLE[A-Z]?|[AB]P?_ORDER"
    rb"|[AB]P?_[0-9]_[0-9]|[AB]_DMAX|(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA|CNAME|CRDER|CSYER|LTV)[0-9]{1,2}[A-Z]?"
    rb"|(CD|PC|PV|PS|LTM)[0-9]{1,2}_[0-9]{1,3}[A-Z]?|PC[0-9]{6}|WAT[0-9]_[0-9]{3}|(CPDIS|CQDIS|D2IMDIS|DP|DQ|D2IM)[0-9]"
    rb"|AXISCORR|(RADESYS|EQUINOX)[A-Z]?) *"
)


def common_cards(header: Header) -> bytes:
    """Cards that hold for every extension: of a primary unit with an array not those that describe it."""
    has_array = bool(header.integer("NAXIS"))
    kept, dropped = [], False
    for start in range(0, len(header.raw), CARD):
        line = header.raw[start : start + CARD].ljust(CARD)
        key = line[:8]
        if key != b"CONTINUE":
            dropped = bool(GONE.fullmatch(key) or (has_array and _ARRAY.fullmatch(key)))
        if not dropped:
            kept.append(line)
    return b"".join(kept)
