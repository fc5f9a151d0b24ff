"""What a configuration says of observations, for what headers lack: words of ObsCore 1.1 (IVOA REC 2017-05-09)."""

from __future__ import annotations

from dataclasses import dataclass, fields

STATES = ("I", "Q", "U", "V", "RR", "LL", "RL", "LR", "XX", "YY", "XY", "YX", "POLI", "POLA")
"""Polarization states in the order of their list (section B.6.6)."""


@dataclass(frozen=True, slots=True)
class ObsWords:
    """Words of a layer, or of what stands above it; None where nothing is said. Units are those of ObsCore.

    Parameters
    ----------
    em_min, em_max
        Wavelengths in metres.
    t_min, t_max
        Modified Julian Dates, UTC.
    t_exptime, t_resolution
        Seconds.
    s_resolution
        Arcseconds.
    pol_states
        Names of ``STATES``.
    """

    obs_collection: str | None = None
    obs_title: str | None = None
    obs_creator_did: str | None = None
    target_name: str | None = None
    facility_name: str | None = None
    instrument_name: str | None = None
    o_ucd: str | None = None
    calib_level: int | None = None
    s_resolution: float | None = None
    t_min: float | None = None
    t_max: float | None = None
    t_exptime: float | None = None
    t_resolution: float | None = None
    em_min: float | None = None
    em_max: float | None = None
    em_res_power: float | None = None
    pol_states: tuple[str, ...] | None = None

    def on(self, below: ObsWords) -> ObsWords:
        """These words, with those below where nothing is said."""
        if self == NOTHING_SAID:
            return below
        names = (field.name for field in fields(self))
        found = {name: getattr(self, name) for name in names}
        return ObsWords(**{name: getattr(below, name) if said is None else said for name, said in found.items()})


NOTHING_SAID = ObsWords()


def state_list(states: set[str]) -> str | None:
    """``/I/Q/U/`` of states; None of none."""
    known = [state for state in STATES if state in states]
    return f"/{'/'.join(known)}/" if known else None
