"""Observations: grouping, ids, access, pieces."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.io import fits

from armillary.errors import FileError, NotFoundError
from armillary.holdings import ANONYMOUS, Access, discover, open_configuration
from armillary.holdings.access import OWNER
from armillary.images.pyramid import Pyramid

SECRET = Access("friend", frozenset({"secret"}))


def pyramid(plane, identity, *, tile_size=128):
    return Pyramid(plane, tile_size=tile_size, identity=identity)


def write(path, *shapes, **cards):
    """A file of one image, or of several in extensions."""
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"], header["CDELT1"], header["CDELT2"] = 10.0, 20.0, -0.01, 0.01
    header.update(cards)
    data = [np.zeros(shape, np.float32) for shape in shapes]
    hdus = [fits.PrimaryHDU(data[0], header)] if len(data) == 1 else [fits.PrimaryHDU()]
    hdus += [fits.ImageHDU(pixels, header, name=f"CCD{k}") for k, pixels in enumerate(data)] if len(data) > 1 else []
    fits.HDUList(hdus).writeto(path)


@pytest.fixture
def serve(tmp_path):
    def run(*bands, grants=None, maps=None, scan=True, opener=None, **above):
        """Serve one map with bands of layers (id, file, more), or several maps of such bands."""
        given = [{"map_id": "m", "name": "A map", "bands": bands}] if maps is None else maps
        content = {"map_groups": [{"name": "Survey", "maps": given} | above]}
        (tmp_path / "h.json").write_text(json.dumps(content))
        options = {} if opener is None else {"opener": opener}
        made = open_configuration(tmp_path / "h.json", pyramid, tile_size=128, **options)
        if scan:
            made.run()
        return made.holdings

    return run


def layer(name, filename="a.fits", *, grant=None, **provider):
    return {"layer_id": name, "name": name, "grant": grant, "provider": {"filename": filename} | provider}


def band(*layers, name="b", grant=None):
    return {"name": name, "layers": list(layers), "grant": grant}


def ids(holdings, access=ANONYMOUS):
    return [one.obs_id for one in holdings.observations(access)]


def planes(observation):
    return [(piece.hdu, [entry.layer_id for entry in piece.entries]) for piece in observation.pieces]


def test_a_file_that_was_opened_is_one_observation_by_the_name_of_its_map(tmp_path) -> None:
    write(tmp_path / "one.fits", (8, 9))
    write(tmp_path / "ccds.fits", (8, 9), (8, 9), (8, 9))
    found = discover([tmp_path], pyramid)
    found.run()
    holdings = found.holdings
    assert ids(holdings) == ["ccds", "one"]
    mosaic = holdings.observation("ccds", ANONYMOUS)
    assert planes(mosaic) == [(1, ["ccds-CCD0"]), (2, ["ccds-CCD1"]), (3, ["ccds-CCD2"])]
    assert (mosaic.name, mosaic.collection, mosaic.index) == ("ccds.fits", tmp_path.name, None)
    assert holdings.observation("one", ANONYMOUS) is holdings.observations(ANONYMOUS)[1]


def test_the_planes_of_an_hdu_are_one_piece_and_those_of_another_file_another_observation(tmp_path, serve) -> None:
    write(tmp_path / "a.fits", (3, 8, 9), CTYPE3="STOKES")
    write(tmp_path / "b.fits", (8, 9))
    holdings = serve(
        band(layer("i", index=0), layer("q", index=1), layer("other", "b.fits")), band(layer("u", index=2))
    )
    assert ids(holdings) == ["m/i", "m/other"]
    assert planes(holdings.observation("m/i", ANONYMOUS)) == [(0, ["i", "q", "u"])]
    for known in ("m/q", "m/u"):
        assert holdings.observation(known, ANONYMOUS) is holdings.observation("m/i", ANONYMOUS)
    for unknown in ("m", "m/", "/i", "b/i", "m/i/q", "m/b.fits"):
        with pytest.raises(NotFoundError):
            holdings.observation(unknown, ANONYMOUS)


def test_a_layer_is_an_observation_of_its_own(tmp_path, serve) -> None:
    write(tmp_path / "a.fits", (3, 8, 9), CTYPE3="STOKES")
    holdings = serve(band(layer("i", index=0), layer("q", index=1)))
    alone = holdings.observation("q", ANONYMOUS)
    assert (alone.obs_id, planes(alone)) == ("q", [(0, ["q"])])
    assert ids(holdings) == ["m"]


def test_a_slice_is_an_observation_of_one_plane(tmp_path, serve) -> None:
    write(tmp_path / "a.fits", (3, 8, 9), CTYPE3="FREQ")
    holdings = serve(band(layer("cube")))
    part = holdings.observation("cube@2", ANONYMOUS)
    assert (part.obs_id, part.index) == ("cube@2", (2,))
    (piece,) = part.pieces
    (asked,) = piece.layers()
    assert (asked.id, asked.index) == ("cube@2", (2,))
    assert holdings.observation("cube", ANONYMOUS).obs_id == "m"
    assert len({holdings.observation(known, ANONYMOUS).version for known in ("cube", "cube@1", "cube@2")}) == 3
    for strange in ("cube@3", "cube@0,0", "cube@", "cube@x", "m@0", "cube@-1"):
        with pytest.raises(NotFoundError):
            holdings.observation(strange, ANONYMOUS)


def test_a_slice_that_is_not_there_shows_when_the_file_is_opened(tmp_path, serve) -> None:
    write(tmp_path / "a.fits", (3, 8, 9), CTYPE3="FREQ")
    holdings = serve(band(layer("cube")), scan=False)
    unseen = holdings.observation("cube@3", ANONYMOUS)
    with pytest.raises(NotFoundError, match="no observation 'cube@3'"):
        _ = unseen.pieces


def test_two_callers_see_different_pieces_under_one_id(tmp_path, serve) -> None:
    write(tmp_path / "a.fits", (8, 9), (8, 9), (8, 9))
    bands = [band(layer(f"c{k}", hdu=k, grant="secret" if k > 1 else None), name=f"b{k}") for k in (1, 2, 3)]
    holdings = serve(*bands)
    open_, all_of_it = (holdings.observation("m", who) for who in (ANONYMOUS, SECRET))
    assert planes(open_) == [(1, ["c1"])]
    assert planes(all_of_it) == [(1, ["c1"]), (2, ["c2"]), (3, ["c3"])]
    assert open_.version != all_of_it.version
    assert holdings.observation("m", OWNER) == all_of_it


@pytest.mark.parametrize("where", ["layer", "band", "map", "map group"])
def test_what_is_hidden_is_missing(tmp_path, serve, where) -> None:
    write(tmp_path / "a.fits", (8, 9))
    grant = {place: "secret" if place == where else None for place in ("layer", "band", "map", "map group")}
    made = {"map_id": "m", "name": "A map", "grant": grant["map"]}
    made["bands"] = [band(layer("x", grant=grant["layer"]), grant=grant["band"])]
    holdings = serve(maps=[made], grant=grant["map group"])
    assert ids(holdings) == []
    assert ids(holdings, SECRET) == ["m"]
    for hidden, missing in (("m", "n"), ("x", "y"), ("m/x", "m/y"), ("x@0", "y@0")):
        for name in (hidden, missing):
            with pytest.raises(NotFoundError) as error:
                holdings.observation(name, ANONYMOUS)
            assert (error.value.message, error.value.detail) == (f"There is no observation {name!r}.", {})
        assert hidden == "x@0" or holdings.observation(hidden, SECRET).obs_id == "m"


def test_ids_tell_nothing_of_what_is_hidden(tmp_path, serve) -> None:
    """A hidden layer of another file, one with the map's id, and another map of the same id change no id."""
    write(tmp_path / "a.fits", (8, 9))
    write(tmp_path / "b.fits", (8, 9))
    shown = {"map_id": "m", "name": "A map", "bands": [band(layer("x"), layer("y", "b.fits", grant="secret"))]}
    other = {"map_id": "o", "name": "Other", "bands": [band(layer("m", "b.fits", grant="secret"))]}
    holdings = serve(maps=[shown, other])
    assert ids(holdings) == ["m"]
    assert ids(holdings, SECRET) == ["m/x", "m/y", "o"]
    assert holdings.observation("m", SECRET).entries[0].layer_id == "m"
    assert holdings.observation("m", ANONYMOUS).entries[0].layer_id == "x"


def test_maps_of_one_id_in_two_groups_are_told_apart_by_their_layers(tmp_path) -> None:
    write(tmp_path / "a.fits", (8, 9))
    maps = [[{"map_id": "m", "name": "A map", "bands": [band(layer(name))]}] for name in ("x", "y")]
    groups = [{"name": f"g{k}", "maps": made} for k, made in enumerate(maps)]
    (tmp_path / "h.json").write_text(json.dumps({"map_groups": groups}))
    holdings = open_configuration(tmp_path / "h.json", pyramid).holdings
    assert ids(holdings) == ["m/x", "m/y"]
    assert [one.collection for one in holdings.observations(ANONYMOUS)] == ["g0", "g1"]
    with pytest.raises(NotFoundError):
        holdings.observation("m", ANONYMOUS)


def test_a_layer_with_the_id_of_its_map_is_that_map_when_it_is_all_of_it(tmp_path, serve) -> None:
    write(tmp_path / "a.fits", (8, 9), (8, 9))
    holdings = serve(band(layer("m", hdu=1)))
    assert ids(holdings) == ["m"]
    holdings = serve(band(layer("m", hdu=1), layer("n", hdu=2)))
    assert ids(holdings) == ["m/m"]
    assert planes(holdings.observation("m", ANONYMOUS)) == [(1, ["m"])]
    assert planes(holdings.observation("m/n", ANONYMOUS)) == [(1, ["m"]), (2, ["n"])]


def test_combinations_are_observations_of_their_own(tmp_path, serve) -> None:
    write(tmp_path / "a.fits", (2, 8, 9), CTYPE3="STOKES")
    made = {"layer_id": "p", "name": "p", "provider": {"provider_type": "combination", "function": "+"}}
    made["provider"]["providers"] = [{"filename": "a.fits", "index": k} for k in (0, 1)]
    holdings = serve(band(layer("i", index=0), made))
    assert ids(holdings) == ["m/i", "m/p"]
    assert planes(holdings.observation("m/p", ANONYMOUS)) == [(0, ["p"])]


def test_the_same_plane_shown_twice_is_in_a_piece_once(tmp_path, serve) -> None:
    write(tmp_path / "a.fits", (8, 9))
    holdings = serve(band(layer("x"), layer("y")))
    assert planes(holdings.observation("m", ANONYMOUS)) == [(0, ["x"])]


def test_no_file_is_opened_to_list_or_find_observations(tmp_path, serve) -> None:
    def refuse(path):
        raise AssertionError(path)

    write(tmp_path / "a.fits", (8, 9))
    holdings = serve(band(layer("x")), scan=False, opener=refuse)
    assert ids(holdings) == ["m"]
    assert holdings.observation("x", ANONYMOUS).obs_id == "m"


def test_a_layer_that_the_file_does_not_hold_is_left_out_and_one_alone_is_an_error(tmp_path, serve) -> None:
    write(tmp_path / "a.fits", (8, 9), (8, 9))
    holdings = serve(band(layer("x", hdu=1), layer("y", hdu=7)))
    assert planes(holdings.observation("m", ANONYMOUS)) == [(1, ["x"])]
    with pytest.raises(FileError, match="no image in HDU 7"):
        _ = holdings.observation("y", ANONYMOUS).pieces


def test_a_missing_file_is_an_observation_that_fails(serve) -> None:
    holdings = serve(band(layer("x")))
    assert ids(holdings) == ["m"]
    with pytest.raises(FileError):
        _ = holdings.observation("m", ANONYMOUS).version


def test_the_tree_that_changed_gives_new_observations(tmp_path, serve) -> None:
    write(tmp_path / "a.fits", (8, 9))
    holdings = serve(band(layer("x")))
    before = holdings.observations(ANONYMOUS)
    assert holdings.observations(ANONYMOUS)[0] is before[0]
    holdings.take_away(holdings.groups[0], "m")
    assert ids(holdings) == []
    with pytest.raises(NotFoundError):
        holdings.observation("x", ANONYMOUS)


def test_the_sky_without_data_is_no_observation(tmp_path) -> None:
    (tmp_path / "stars.csv").write_text("ra,dec\n1,2\n3,4\n")
    found = discover([tmp_path], pyramid)
    found.run()
    assert found.holdings.layer_count == 1
    assert ids(found.holdings, OWNER) == []
    with pytest.raises(NotFoundError):
        found.holdings.observation(next(iter(found.holdings.layer_ids())), OWNER)


@pytest.mark.parametrize("strange", ["", "/", "@", "\0", "m\0", "../m", "x" * 100_000, "é", "\ud800", "m/@0"])
def test_strange_ids_are_missing(tmp_path, serve, strange) -> None:
    write(tmp_path / "a.fits", (8, 9))
    with pytest.raises(NotFoundError) as error:
        serve(band(layer("x"))).observation(strange, ANONYMOUS)
    assert len(error.value.message) < 300
