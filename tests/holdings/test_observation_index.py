"""Searches over observations: every constraint against a plain loop over ten thousand rows; access; changes."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from armillary.errors import UnavailableError
from armillary.holdings import ANONYMOUS, Access, discover, open_configuration
from armillary.holdings import obscore as obscore_module
from armillary.holdings.access import OWNER
from armillary.holdings.obscore import ObsRow
from armillary.holdings.observation_index import ObservationIndex
from armillary.holdings.observation_query import Columns, ObsQuery
from armillary.images.pyramid import Pyramid
from armillary.sky.footprints import of_polygon
from armillary.sky.frames import to_angles, to_vectors
from armillary.sky.regions import Circle, Polygon, Range
from armillary.sky.regions_base import across

SECRET = Access("friend", frozenset({"secret"}))
COUNT = 10_000


def square(ra, dec, side_deg):
    centre = to_vectors(ra, dec)
    first, second = across(centre)
    half = math.tan(math.radians(side_deg / 2))
    corners = np.stack([centre + half * (x * first + y * second) for x, y in ((-1, -1), (-1, 1), (1, 1), (1, -1))])
    corners /= np.linalg.norm(corners, axis=1, keepdims=True)
    inner = np.cross(corners[0], corners[1]) @ centre < 0
    return corners if inner else corners[::-1].copy()


@pytest.fixture(scope="module")
def rows():
    """Squares of a quarter of a degree, evenly over the sky, with made-up facts of which some are missing."""
    random = np.random.default_rng(11)
    turns = np.arange(COUNT)
    decs = np.degrees(np.arcsin(1 - (2 * turns + 1) / COUNT))
    ras = turns * 137.50776405 % 360
    found = []
    for k, (ra, dec) in enumerate(zip(ras.tolist(), decs.tolist(), strict=True)):
        footprint = of_polygon(square(ra, dec, 0.25)) if k % 50 else None
        start = 50_000.0 + k / 2
        found.append(
            ObsRow(
                "cube" if k % 10 == 0 else "image",
                int(random.integers(0, 5)),
                f"survey {k % 7}",
                f"Image_{k}",
                f"title {k}",
                target_name=None if k % 3 else f"target {k % 11}",
                s_fov=0.35 if footprint else None,
                s_resolution=None if k % 4 == 0 else 0.5 + k % 5,
                t_min=None if k % 6 == 0 else start,
                t_max=None if k % 6 == 0 else start + 0.1,
                t_exptime=None if k % 9 == 0 else float(k % 100),
                t_resolution=None if k % 8 == 0 else float(k % 13),
                em_min=None if k % 5 == 0 else 1e-7 * (k % 20 + 1),
                em_max=None if k % 5 == 0 else 1e-7 * (k % 20 + 2),
                em_res_power=None if k % 2 else 3.0 + k % 4,
                pol_states=[None, "/I/", "/I/Q/U/", "/V/"][k % 4],
                facility_name=None if k % 13 == 0 else f"telescope {k % 3}",
                instrument_name=f"camera {k % 2}",
                footprint=footprint,
            )
        )
    return found


@pytest.fixture(scope="module")
def columns(rows):
    return Columns(rows)


def within(value, intervals):
    return value is not None and any(low <= value <= high for low, high in intervals)


def meets(low, high, intervals):
    return low is not None and high is not None and any(low <= b and high >= a for a, b in intervals)


INFINITE = math.inf
LOW, TEN_DAYS, TWO = ((-INFINITE, 2e-7),), ((51_000.0, 51_010.0),), ("telescope 0", "telescope 2")
QUERIES = {
    "nothing": (ObsQuery(), lambda row: True),
    "band": (ObsQuery(bands_m=((4.5e-7, 5.5e-7),)), lambda row: meets(row.em_min, row.em_max, [(4.5e-7, 5.5e-7)])),
    "band, open": (ObsQuery(bands_m=LOW), lambda row: meets(row.em_min, row.em_max, LOW)),
    "two bands": (
        ObsQuery(bands_m=((1e-7, 1e-7), (2e-6, INFINITE))),
        lambda row: meets(row.em_min, row.em_max, [(1e-7, 1e-7), (2e-6, INFINITE)]),
    ),
    "time": (ObsQuery(times_mjd=TEN_DAYS), lambda row: meets(row.t_min, row.t_max, TEN_DAYS)),
    "every time": (ObsQuery(times_mjd=((-INFINITE, INFINITE),)), lambda row: row.t_min is not None),
    "pol": (ObsQuery(pols=("Q",)), lambda row: "/Q/" in (row.pol_states or "")),
    "two states": (ObsQuery(pols=("U", "V")), lambda row: bool({"U", "V"} & set((row.pol_states or "").split("/")))),
    "a state that nothing has": (ObsQuery(pols=("YX",)), lambda row: False),
    "fov": (ObsQuery(fovs_deg=((0.3, 0.4),)), lambda row: within(row.s_fov, [(0.3, 0.4)])),
    "resolution": (ObsQuery(resolutions_arcsec=((0.0, 1.5),)), lambda row: within(row.s_resolution, [(0.0, 1.5)])),
    "power": (ObsQuery(powers=((4.0, 5.0),)), lambda row: within(row.em_res_power, [(4.0, 5.0)])),
    "exposure": (ObsQuery(exposures_s=((10.0, 20.0), (90.0, INFINITE))),
                 lambda row: within(row.t_exptime, [(10.0, 20.0), (90.0, INFINITE)])),
    "time resolution": (ObsQuery(time_resolutions_s=((5.0, 5.0),)), lambda row: row.t_resolution == 5.0),
    "id": (ObsQuery(ids=("image_17", "IMAGE_18", "nothing")), lambda row: row.obs_id in {"Image_17", "Image_18"}),
    "collection": (ObsQuery(collections=("survey 3", "Survey 4")), lambda row: row.obs_collection == "survey 3"),
    "facility": (ObsQuery(facilities=("telescope 1",)), lambda row: row.facility_name == "telescope 1"),
    "instrument": (ObsQuery(instruments=("camera 0",)), lambda row: row.instrument_name == "camera 0"),
    "type": (ObsQuery(types=("cube",)), lambda row: row.dataproduct_type == "cube"),
    "level": (ObsQuery(levels=(1, 4)), lambda row: row.calib_level in {1, 4}),
    "target": (ObsQuery(targets=("target 5",)), lambda row: row.target_name == "target 5"),
    "together": (
        ObsQuery(types=("image",), pols=("I",), levels=(2,), bands_m=((1e-7, 1e-6),), facilities=TWO),
        lambda row: row.dataproduct_type == "image" and "/I/" in (row.pol_states or "") and row.calib_level == 2
        and meets(row.em_min, row.em_max, [(1e-7, 1e-6)]) and row.facility_name in TWO,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_every_constraint_is_as_a_loop_has_it(rows, columns, name) -> None:
    query, matches = QUERIES[name]
    expected = [k for k, row in enumerate(rows) if matches(row)]
    assert columns.matching(query).tolist() == expected
    assert expected or name == "a state that nothing has"


PLACES = [(10.0, 20.0), (0.0, 0.0), (359.99, -30.0), (123.0, 89.9), (50.0, -90.0), (200.0, 66.0)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("radius", [0.001, 1.0, 15.0])
def test_circles_find_the_squares_that_they_meet(rows, columns, place, radius) -> None:
    """The distance to a square is that to the nearest of many places on it."""
    found = set(columns.matching(ObsQuery(regions=(Circle(*place, radius),))).tolist())
    centre = to_vectors(*place)
    grid = np.linspace(0, 1, 21)
    for k, row in enumerate(rows):
        if row.footprint is None:
            assert k not in found
            continue
        corners = row.footprint.polygons[0]
        apart = math.degrees(math.acos(max(-1.0, min(1.0, float(corners.mean(0) @ centre)))))
        if apart > radius + 0.5:
            assert k not in found
        elif apart < radius - 0.3:
            assert k in found
        else:
            a, b, c, d = corners
            u, v = (axis.ravel()[:, None] for axis in np.meshgrid(grid, grid))
            points = (1 - u) * ((1 - v) * a + v * d) + u * ((1 - v) * b + v * c)
            points /= np.linalg.norm(points, axis=1, keepdims=True)
            nearest = float(np.degrees(2 * np.arcsin(np.linalg.norm(points - centre, axis=1).min() / 2)))
            if abs(nearest - radius) > 0.02:
                assert (k in found) == (nearest < radius)


def test_several_regions_are_alternatives_and_meet_other_constraints(columns) -> None:
    one, two = Circle(10, 20, 3), Range(200, 210, 10, 20)
    alone = [set(columns.matching(ObsQuery(regions=(region,))).tolist()) for region in (one, two)]
    assert all(alone)
    assert set(columns.matching(ObsQuery(regions=(one, two))).tolist()) == alone[0] | alone[1]
    cubes = set(columns.matching(ObsQuery(regions=(one, two), types=("cube",))).tolist())
    assert cubes == {k for k in alone[0] | alone[1] if k % 10 == 0}


def test_what_an_image_has_to_do_with_a_region(rows, columns) -> None:
    k = 5003
    ra, dec = (float(angle) for angle in to_angles(rows[k].footprint.centre))
    small, large = Circle(ra, dec, 0.05), Circle(ra, dec, 0.3)

    def found(region, relation):
        return columns.matching(ObsQuery(regions=(region,), relation=relation)).tolist()

    assert [found(small, relation) for relation in ("overlaps", "covers", "center")] == [[k]] * 3
    assert found(small, "enclosed") == []
    assert found(large, "enclosed") == [k]
    assert found(large, "covers") == []
    assert found(Circle(ra + 0.4 / math.cos(math.radians(dec)), dec, 0.3), "center") == []


def test_polygons_over_ra_0_and_the_whole_sky(columns) -> None:
    region = Polygon(np.array([[350.0, -5.0], [10.0, -5.0], [10.0, 5.0], [350.0, 5.0]]))
    by_range = Range(350.0, 370.0, -5.0, 5.0)
    one = set(columns.matching(ObsQuery(regions=(region,))).tolist())
    two = set(columns.matching(ObsQuery(regions=(by_range,))).tolist())
    assert len(one ^ two) <= 2  # The sides of a polygon bend away from the parallels.
    assert 40 < len(one) < 80
    everywhere = columns.matching(ObsQuery(regions=(Range(0, 360, -90, 90),)))
    assert len(everywhere) == COUNT - COUNT // 50


# The index over holdings.


def pyramid(plane, identity, *, tile_size=128):
    return Pyramid(plane, tile_size=tile_size, identity=identity)


def write(path, ra=10.0, dec=20.0, **cards):
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec})
    header.update({"CDELT1": -0.01, "CDELT2": 0.01, "CRPIX1": 5.0, "CRPIX2": 5.0} | cards)
    part = path.with_name("part")
    fits.PrimaryHDU(np.zeros((9, 9), np.float32), header).writeto(part, overwrite=True)
    part.replace(path)


def serve(tmp_path, *layers):
    bands = [{"name": "b", "layers": [one]} for one in layers]
    maps = [{"map_id": f"m{k}", "name": f"m{k}", "bands": [band]} for k, band in enumerate(bands)]
    part = tmp_path / "part.json"
    part.write_text(json.dumps({"map_groups": [{"name": "g", "maps": maps}]}))
    part.replace(tmp_path / "h.json")


def layer(name, grant=None):
    return {"layer_id": name, "name": name, "grant": grant, "provider": {"filename": f"{name}.fits"}}


def ids(index, access=ANONYMOUS, **query):
    return [row.obs_id for row in index.query(access, ObsQuery(**query)).rows]


@pytest.fixture
def archive(tmp_path):
    for name in ("a", "b", "c"):
        write(tmp_path / f"{name}.fits", OBJECT=name)
    serve(tmp_path, layer("a"), layer("b", "secret"), layer("c"))
    made = open_configuration(tmp_path / "h.json", pyramid)
    made.run()
    return made


def test_callers_find_what_they_may_see(archive) -> None:
    index = ObservationIndex(archive.holdings)
    assert ids(index) == ["m0", "m2"]
    assert ids(index, SECRET) == ids(index, OWNER) == ["m0", "m1", "m2"]
    assert ids(index, targets=("b",)) == []
    assert ids(index, SECRET, targets=("b",)) == ["m1"]
    assert ids(index, ids=("m1",)) == []


def test_further_rows_are_left_out_and_it_is_said(archive) -> None:
    index = ObservationIndex(archive.holdings)
    answers = [index.query(SECRET, ObsQuery(most=most)) for most in (0, 1, 3, 4)]
    assert [(len(answer.rows), answer.overflow) for answer in answers] == [(0, True), (1, True), (3, False), (3, False)]


def test_nothing_is_opened_before_somebody_searches(tmp_path) -> None:
    opened = []

    def opener(path):
        from armillary.holdings.files import open_file

        opened.append(path)
        return open_file(path)

    write(tmp_path / "a.fits")
    serve(tmp_path, layer("a"))
    holdings = open_configuration(tmp_path / "h.json", pyramid, opener=opener).holdings
    index = ObservationIndex(holdings)
    assert opened == []
    assert ids(index) == ["m0"]
    assert len(opened) == 1


def test_what_is_hidden_now_is_not_found_even_while_the_index_is_old(archive, tmp_path, monkeypatch) -> None:
    index = ObservationIndex(archive.holdings)
    assert ids(index) == ["m0", "m2"]
    old = index._indexes[archive.holdings.seen_by(ANONYMOUS)]
    serve(tmp_path, layer("a", "secret"), layer("b", "secret"), layer("c"))
    archive.reload()
    # An index that is not made anew, as if making it took for ever.
    monkeypatch.setattr(index, "_current", lambda access: old)
    assert "m0" not in ids(index)
    monkeypatch.undo()
    assert ids(index) == ["m2"]
    assert ids(index, SECRET) == ["m0", "m1", "m2"]


def test_changed_and_new_files_are_found(tmp_path, monkeypatch) -> None:
    from armillary.holdings import observation_index

    monkeypatch.setattr(observation_index, "LOOK_SECONDS", 0.0)
    write(tmp_path / "a.fits", OBJECT="before")
    found = discover([tmp_path], pyramid)
    found.run()
    index = ObservationIndex(found.holdings)
    assert ids(index, targets=("before",)) == ["a"]
    write(tmp_path / "a.fits", OBJECT="after", ra=200.0)
    until(lambda: ids(index, targets=("after",), regions=(Circle(200, 20, 1),)) == ["a"])
    write(tmp_path / "b.fits", OBJECT="new")
    found.run()
    assert ids(index) == ["a", "b"]
    (tmp_path / "a.fits").unlink()
    until(lambda: ids(index) == ["b"])
    write(tmp_path / "a.fits", OBJECT="back")
    until(lambda: ids(index) == ["a", "b"])


def until(done) -> None:
    for _ in range(500):
        if done():
            return
        threading.Event().wait(0.01)
    raise AssertionError


def test_what_did_not_change_is_kept(archive, monkeypatch) -> None:
    index = ObservationIndex(archive.holdings)
    before = index.query(SECRET, ObsQuery()).rows
    made = []
    row_of = obscore_module.row_of
    monkeypatch.setattr(obscore_module, "row_of", lambda one: made.append(one) or row_of(one))
    archive.holdings.touch()
    after = index.query(SECRET, ObsQuery()).rows
    assert all(one is other for one, other in zip(before, after, strict=True))
    assert made == []


def test_a_broken_file_is_not_found_and_hinders_nothing(archive, tmp_path) -> None:
    (tmp_path / "a.fits").write_bytes(b"nothing")
    (tmp_path / "c.fits").unlink()
    assert ids(ObservationIndex(archive.holdings), SECRET) == ["m1"]


def test_a_row_that_cannot_be_made_hinders_nothing(archive, monkeypatch, caplog) -> None:
    row_of = obscore_module.row_of

    def failing(observation):
        if observation.obs_id == "m0":
            raise ZeroDivisionError
        return row_of(observation)

    monkeypatch.setattr(obscore_module, "row_of", failing)
    assert ids(ObservationIndex(archive.holdings), SECRET) == ["m1", "m2"]
    assert "no row of ObsCore could be made of a.fits" in caplog.text


def test_who_comes_while_it_is_made_waits_and_not_for_ever(archive, monkeypatch) -> None:
    going_on, row_of = threading.Event(), obscore_module.row_of

    def slow(observation):
        going_on.wait(20)
        return row_of(observation)

    monkeypatch.setattr(obscore_module, "row_of", slow)
    index = ObservationIndex(archive.holdings, wait_seconds=0.05)
    for _ in range(2):
        with pytest.raises(UnavailableError, match="being made \\(0 of 2\\): try again"):
            index.query(ANONYMOUS, ObsQuery())
    assert len(index._builds) == 1
    going_on.set()
    index._wait = 20.0
    assert ids(index) == ["m0", "m2"]


def test_many_callers_share_one_making(archive, monkeypatch) -> None:
    made, row_of = [], obscore_module.row_of
    monkeypatch.setattr(obscore_module, "row_of", lambda one: made.append(one) or row_of(one))
    index = ObservationIndex(archive.holdings)
    found: list = []
    threads = [threading.Thread(target=lambda: found.append(ids(index))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [["m0", "m2"]] * 8
    assert len(made) == 2


def test_an_index_that_was_closed_makes_nothing(archive) -> None:
    index = ObservationIndex(archive.holdings)
    index.close()
    with pytest.raises(UnavailableError):
        index.query(ANONYMOUS, ObsQuery())


def test_rows_of_nothing() -> None:
    columns = Columns([])
    assert columns.matching(ObsQuery(regions=(Circle(1, 2, 3),), pols=("I",), ids=("x",))).tolist() == []
    row = ObsRow("image", 2, "c", "i", "t")
    assert Columns([row]).matching(ObsQuery(regions=(Circle(1, 2, 3),))).tolist() == []
    assert Columns([replace(row, obs_id="ÄÖ")]).matching(ObsQuery(ids=("äö",))).tolist() == [0]
