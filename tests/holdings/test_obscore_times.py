"""Times of observations by headers, against astropy's Time."""

from __future__ import annotations

import pytest
from astropy.time import Time

from armillary.holdings.obscore_times import mjd_of, times_of


def found(**cards):
    return times_of({key.replace("_", "-"): value for key, value in cards.items()}.get)


def utc(text, scale="utc"):
    return Time(text, scale=scale).utc.mjd


def near(value):
    return pytest.approx(value, abs=1e-9)


def test_start_and_exposure() -> None:
    told = found(DATE_OBS="2024-03-01T02:03:04.5", EXPTIME=60.0)
    assert told.start == near(utc("2024-03-01T02:03:04.5"))
    assert told.end == near(told.start + 60.0 / 86400)
    assert (told.exposure_s, told.resolution_s) == (60.0, 60.0)


@pytest.mark.parametrize(
    ("scale", "name"), [("tai", "TAI"), ("tt", "TT"), ("tt", "TDT"), ("tai", "IAT"), ("utc", "UTC")]
)
@pytest.mark.parametrize(
    "date", ["2024-03-01T02:03:04", "2017-01-02T00:00:10", "1999-06-30T23:59:50", "1972-07-01T01:00:00"]
)
def test_other_scales_become_utc(scale, name, date) -> None:
    assert found(DATE_OBS=date, TIMESYS=name).start == near(utc(date, scale))


def test_time_of_gps_and_of_the_barycentre() -> None:
    gps = Time("2020-01-01T00:00:00", scale="utc").mjd + 18.0 / 86400
    assert found(MJD_OBS=gps, TIMESYS="GPS").start == near(utc("2020-01-01T00:00:00"))
    assert found(DATE_OBS="2020-01-01T00:00:00", TIMESYS="TDB").start == pytest.approx(
        utc("2020-01-01T00:00:00", "tdb"), abs=3e-8
    )


@pytest.mark.parametrize(
    "cards",
    [
        {"DATE_BEG": "2024-03-01T02:00:00", "DATE_END": "2024-03-01T03:00:00", "DATE_OBS": "2024-03-01T09:00:00"},
        {"MJD_BEG": 60370.0 + 2 / 24, "MJD_END": 60370.125},
        {"DATE_OBS": "2024-03-01", "TIME_OBS": "02:00:00", "TELAPSE": 3600.0, "EXPTIME": 100.0},
        {"DATE_OBS": "2024-03-01", "UT": "02:00:00.00", "EXPTIME": "3600"},
        {"MJD_OBS": 60370.0 + 2 / 24, "XPOSURE": 3600.0},
        {"DATE_AVG": "2024-03-01T02:30:00", "EXPTIME": 3600.0},
        {"DATE_END": "2024-03-01T03:00:00", "EXPTIME": 3600.0},
        {"DATE_BEG": "2024-03-01T03:00:00", "DATE_END": "2024-03-01T02:00:00"},
        {"DATEOBS1": "2024-03-01T02:00:00", "DATEOBS2": "2024-03-01T03:00:00"},
    ],
)
def test_every_way_to_say_from_two_to_three(cards) -> None:
    told = found(**cards)
    assert told.start == near(utc("2024-03-01T02:00:00"))
    assert told.end == near(utc("2024-03-01T03:00:00"))


def test_a_date_without_a_time_is_a_day() -> None:
    assert found(DATE_OBS="2000-09-27").start == 51814.0
    assert found(DATE_OBS="2000-09-27").end == 51815.0
    assert found(DATE_OBS="27/09/95").start == utc("1995-09-27")
    assert found(DATE_OBS="2000-09-27", TAIHMS="02:50:45.01", TIMESYS="TAI").start == near(
        utc("2000-09-27T02:50:45.01", "tai")
    )


def test_the_exposures_of_many_nights_are_no_resolution() -> None:
    told = found(DATE_BEG="2020-01-01T00:00:00", DATE_END="2022-01-01T00:00:00", EXPTIME=5000.0)
    assert (told.exposure_s, told.resolution_s) == (5000.0, None)
    assert found(DATE_BEG="2020-01-01T00:00:00", EXPTIME=5000.0, TIMEDEL=10.0).resolution_s == 10.0


@pytest.mark.parametrize(
    "cards",
    [
        {},
        {"DATE_OBS": "yesterday"},
        {"DATE_OBS": "2024-13-45T00:00:00"},
        {"DATE_OBS": "0000-00-00"},
        {"MJD_OBS": 0.0},
        {"MJD_OBS": -5.0},
        {"MJD_OBS": 1e30},
        {"MJD_OBS": True},
        {"DATE_OBS": 5},
        {"TIME_MID": "1969-12-31T23:59:51.999918240Z"},
        {"DATE_OBS": "1970-01-01T00:00:00"},
    ],
)
def test_what_tells_no_time(cards) -> None:
    told = found(**cards)
    assert (told.start, told.end) == (None, None)


@pytest.mark.parametrize("value", [0.0, -1.0, "x", True, float("inf"), float("nan"), 1e300, "", None])
def test_what_is_no_exposure(value) -> None:
    assert found(EXPTIME=value).exposure_s is None


def test_dates_of_a_configuration() -> None:
    assert mjd_of("2024-03-01T02:03:04Z") == near(utc("2024-03-01T02:03:04"))
    assert mjd_of("2024-03-01 12:00") == near(utc("2024-03-01T12:00:00"))
    assert mjd_of("1858-11-17") == 0.0
    for text in ("2024", "2024-03-01T", "2024-03-01T99:00:00", "x", ""):
        assert mjd_of(text) is None or text == "2024-03-01T"
