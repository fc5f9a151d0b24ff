"""What a holdings file says of images to the Virtual Observatory."""

from __future__ import annotations

import json

import pytest

from armillary.errors import ConfigurationError
from armillary.holdings.configuration import read_configuration
from armillary.holdings.obscore_words import NOTHING_SAID, ObsWords, state_list


def read(tmp_path, *, group=None, made=None, band=None, layer=None):
    """The words of the one layer, and what is warned of, with words at each level."""

    def said(words):
        return {} if words is None else {"obscore": words}

    a_layer = {"name": "I", "provider": {"filename": "a.fits"}} | said(layer)
    a_band = {"name": "b", "layers": [a_layer]} | said(band)
    a_map = {"name": "m", "bands": [a_band]} | said(made)
    content = {"map_groups": [{"name": "g", "maps": [a_map]} | said(group)]}
    (tmp_path / "h.json").write_text(json.dumps(content))
    config = read_configuration(tmp_path / "h.json")
    return config.layers()[0].obscore, config.warnings


def test_nothing_is_said_by_default(tmp_path) -> None:
    assert read(tmp_path) == (NOTHING_SAID, ())
    assert read(tmp_path, layer={}, band=None) == (NOTHING_SAID, ())


def test_every_word(tmp_path) -> None:
    words, warnings = read(
        tmp_path,
        layer={
            "obs_collection": "DR6",
            "obs_title": "A  title",
            "obs_creator_did": "doi:10.1/x",
            "target_name": "M31",
            "facility_name": "ACT",
            "instrument_name": "AdvACT",
            "o_ucd": "phot.flux.density",
            "calib_level": 3,
            "s_resolution": 84,
            "t_min": "2017-05-01",
            "t_max": 59000.5,
            "t_exptime": 10,
            "t_resolution": "0.5",
            "em_min": 1.7e-3,
            "em_max": 2.4e-3,
            "em_res_power": 4,
            "pol_states": ["U", "I", "Q"],
        },
    )
    assert warnings == ()
    assert words == ObsWords(
        "DR6", "A title", "doi:10.1/x", "M31", "ACT", "AdvACT", "phot.flux.density", 3,
        84.0, 57874.0, 59000.5, 10.0, 0.5, 1.7e-3, 2.4e-3, 4.0, ("I", "Q", "U"),
    )  # fmt: skip


def test_the_nearest_word_counts(tmp_path) -> None:
    words, _ = read(
        tmp_path,
        group={"facility_name": "g", "target_name": "g", "em_min": 1e-3, "em_max": 2e-3},
        made={"target_name": "m", "em_min": 1.5e-3},
        band={"instrument_name": "b"},
        layer={"instrument_name": "l", "obs_title": "l"},
    )
    assert words == ObsWords(
        facility_name="g", target_name="m", instrument_name="l", obs_title="l", em_min=1.5e-3, em_max=2e-3
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"em_min": "x"}, "obscore.em_min: must be a number"),
        ({"em_min": -1}, "must be greater than 0"),
        ({"em_min": 2, "em_max": 1}, "em_min: is greater than em_max"),
        ({"t_min": 2, "t_max": 1}, "t_min: is greater than t_max"),
        ({"t_min": "yesterday"}, "must be a Modified Julian Date"),
        ({"t_min": 1e9}, "must be a Modified Julian Date"),
        ({"t_max": []}, "must be a Modified Julian Date"),
        ({"calib_level": 5}, "must be a whole number from 0"),
        ({"calib_level": 1.5}, "must be a whole number from 0"),
        ({"calib_level": True}, "must be a whole number from 0"),
        ({"pol_states": "I,X"}, "'X' is none of I, Q"),
        ({"pol_states": 4}, "must be a list of states"),
        ({"pol_states": [1]}, "must be a list of states"),
        ({"pol_states": ["I"] * 99}, "must be a list of states"),
        ({"o_ucd": "not a ucd"}, "must be a UCD"),
        ({"obs_creator_did": "something"}, "must be an identifier"),
        ({"obs_title": "x" * 5000}, "is longer than 1000"),
        ({"facility_name": {}}, "must be text"),
        ("ACT", "obscore: must be an object"),
        ([], "obscore: must be an object"),
    ],
)
@pytest.mark.parametrize("level", ["group", "layer"])
def test_every_mistake_is_told_where_it_is(tmp_path, given, message, level) -> None:
    with pytest.raises(ConfigurationError) as error:
        read(tmp_path, **{level: given})
    place = {"group": "map_groups[0].obscore", "layer": "map_groups[0].maps[0].bands[0].layers[0].obscore"}[level]
    (line,) = error.value.problems
    assert line.startswith(f"h.json: {place}")
    assert message in line


def test_bounds_are_compared_across_levels(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="em_min: is greater than em_max"):
        read(tmp_path, group={"em_max": 1e-6}, layer={"em_min": 1e-3})


@pytest.mark.parametrize("written", ["I Q U", "/I/Q/U/", "I,Q,U", ["Q", "U", "I", "I"]])
def test_states_may_be_written_as_a_list_or_as_obscore_does(tmp_path, written) -> None:
    assert read(tmp_path, band={"pol_states": written})[0].pol_states == ("I", "Q", "U")


def test_odd_words_are_warned_of(tmp_path) -> None:
    words, warnings = read(tmp_path, layer={"facilty_name": "ACT", "em_min": 400000})
    assert words.em_min == 400000
    told = " ".join(warnings)
    assert "Did you mean 'facility_name'?" in told
    assert "is a wavelength in metres" in told


def test_states_stand_in_the_order_of_the_standard() -> None:
    assert state_list({"U", "I", "YX", "POLI"}) == "/I/U/YX/POLI/"
    assert state_list(set()) is None
    assert state_list({"nothing"}) is None
