"""Holdings files: what is read of them, and what is said of those that are wrong."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.errors import ConfigurationError
from armillary.holdings import open_configuration
from armillary.holdings.access import OWNER
from armillary.holdings.configuration import (
    CombinationProvider,
    FitsProvider,
    LayerProvider,
    SourceProvider,
    document,
    read_configuration,
)
from armillary.holdings.selection import Look, Selector, Words

README_FORM = {
    "map_groups": [
        {
            "name": "ACT DR6.02",
            "description": "Maps of the release",
            "maps": [
                {
                    "map_id": "1",
                    "name": "Coadd",
                    "description": "All data",
                    "bands": [
                        {
                            "band_id": "1",
                            "name": "f090",
                            "description": "90 GHz",
                            "layers": [
                                {
                                    "layer_id": f"f090{name}",
                                    "name": name,
                                    "description": "A plane",
                                    "provider": {"provider_type": "fits", "filename": "f090.fits", "index": index},
                                    "quantity": f"T ({name})",
                                    "units": "uK",
                                    "vmin": -500,
                                    "vmax": 500,
                                    "cmap": "RdBu_r",
                                }
                                for index, name in enumerate("IQU")
                            ],
                        }
                    ],
                }
            ],
        }
    ],
    "source_groups": [
        {
            "name": "Example",
            "description": "A catalog",
            "provider": {"file_type": "json", "filename": "example/cat.json"},
        }
    ],
    "boxes": [
        {
            "name": "Region 1",
            "description": "A field",
            "top_left_ra": 10.0,
            "top_left_dec": 5.0,
            "bottom_right_ra": -10.0,
            "bottom_right_dec": -5.0,
        }
    ],
}

V3_FORM = {
    "map_groups": [
        {
            "grant": None,
            "map_group_id": "map-group-1",
            "name": "Auto",
            "description": "None",
            "maps": [
                {
                    "grant": "collaboration",
                    "map_id": "6b6330",
                    "name": "act.fits",
                    "description": "None",
                    "bands": [
                        {
                            "grant": None,
                            "band_id": "band-6b6330",
                            "name": "Auto",
                            "description": "None",
                            "layers": [
                                {
                                    "grant": None,
                                    "layer_id": "0-0-6b6330",
                                    "name": "I",
                                    "description": None,
                                    "provider": {
                                        "provider_type": "fits",
                                        "filename": "/data/act.fits",
                                        "hdu": 0,
                                        "index": 0,
                                    },
                                    "bounding_left": None,
                                    "bounding_right": 179.0,
                                    "bounding_top": 0.5,
                                    "bounding_bottom": None,
                                    "quantity": "I",
                                    "units": "uK",
                                    "number_of_levels": 1,
                                    "tile_size": 675,
                                    "vmin": "auto",
                                    "vmax": None,
                                    "cmap": "RdBu_r",
                                },
                                {
                                    "layer_id": "coadd",
                                    "name": "weighted",
                                    "provider": {
                                        "provider_type": "fits_combination",
                                        "providers": [
                                            {"provider_type": "fits", "filename": "wmap.fits", "index": 0},
                                            {
                                                "provider_type": "fits_combination",
                                                "function": "max",
                                                "providers": [
                                                    {"provider_type": "fits", "filename": "w1.fits", "index": 1},
                                                    {"provider_type": "fits", "filename": "w2.fits", "hdu": 2},
                                                ],
                                            },
                                        ],
                                        "function": "/",
                                    },
                                },
                            ],
                        }
                    ],
                }
            ],
        }
    ],
    "boxes": [],
    "source_groups": [
        {
            "source_group_id": "bright",
            "name": "Bright",
            "sources": [{"name": "A", "ra": 1.0, "dec": 2.0, "extra": {"flux": 3}}, {"ra": 4, "dec": 5, "extra": None}],
        }
    ],
}


@pytest.fixture
def read(tmp_path):
    def run(content, name: str = "holdings.json", **options):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (tmp_path / name).write_bytes(data)
        return read_configuration(tmp_path / name, **options)

    return run


def one_layer(**layer):
    made = {"name": "I", "provider": {"filename": "a.fits"}} | layer
    return one_band([made])


def one_band(layers):
    return {"map_groups": [{"name": "g", "maps": [{"name": "m", "bands": [{"name": "b", "layers": layers}]}]}]}


LAYER = "map_groups[0].maps[0].bands[0].layers[0]"


def test_the_form_of_tilemakers_readme(read, tmp_path) -> None:
    config = read(README_FORM)
    assert config.warnings == ()
    (group,) = config.map_groups
    assert (group.map_group_id, group.name, group.maps[0].map_id) == ("ACT_DR6.02", "ACT DR6.02", "1")
    layers = config.layers()
    assert [layer.layer_id for layer in layers] == ["f090I", "f090Q", "f090U"]
    assert layers[2].provider == FitsProvider(str(tmp_path / "f090.fits"), Selector(None, (2,)))
    assert layers[1].look == Look(-500.0, 500.0, "RdBu_r")
    assert layers[1].words == Words("uK", "T (Q)")
    (sources,) = config.source_groups
    assert sources.source_group_id == "Example"
    assert sources.provider == SourceProvider(str(tmp_path / "example" / "cat.json"), "json")
    (box,) = config.boxes
    assert (box.box_id, box.top_left_ra, box.bottom_right_ra) == ("Region_1", 10.0, 350.0)


def test_tilemakers_third_form(read, tmp_path) -> None:
    config = read(V3_FORM)
    plain, combined = config.layers()
    assert plain.provider == FitsProvider("/data/act.fits", Selector(0, (0,)))
    assert plain.look == Look(None, None, "RdBu_r")
    assert (plain.tile_size, plain.description) == (None, "")
    assert [warning.split(":")[0] for warning in config.warnings] == [f"{LAYER}.tile_size"]
    provider = combined.provider
    assert isinstance(provider, CombinationProvider)
    inner = provider.providers[1]
    assert isinstance(inner, CombinationProvider)
    assert (provider.function, inner.function) == ("/", "max")
    assert inner.providers[1] == FitsProvider(str(tmp_path / "w2.fits"), Selector(2))
    assert config.map_groups[0].maps[0].grant == "collaboration"
    assert [source.get("name") for source in config.source_groups[0].sources] == ["A", None]


def test_toml_says_the_same_as_json(read) -> None:
    text = """
title = "Our sky"
[[map_groups]]
name = "g"
  [[map_groups.maps]]
  name = "m"
    [[map_groups.maps.bands]]
    name = "b"
      [[map_groups.maps.bands.layers]]
      name = "I"
      vmin = -5
      vmax = 5.5
      provider = { filename = "a.fits", hdu = "SCI", index = [1, 2] }
"""
    content = {"title": "Our sky"} | one_layer(
        vmin=-5, vmax=5.5, provider={"filename": "a.fits", "hdu": "SCI", "index": [1, 2]}
    )
    config = read(text.encode(), "h.toml")
    assert config == read(content, "h.json")
    assert config == read(text.encode(), "plain")
    assert config == read(content, "other")
    assert config.layers()[0].provider.selector == Selector("SCI", (1, 2))


def test_ids_are_made_of_names_and_never_collide(read) -> None:
    layers = [{"name": name, "provider": {"filename": "a.fits"}} for name in ("I", "I", "é", "è")]
    layers.append({"layer_id": "g-m-b-I", "name": "given", "provider": {"filename": "a.fits"}})
    first = [layer.layer_id for layer in read(one_band(layers)).layers()]
    assert first == ["g-m-b-I-2", "g-m-b-I-3", "g-m-b-_", "g-m-b-_-2", "g-m-b-I"]
    assert first == [layer.layer_id for layer in read(one_band(layers)).layers()]


@pytest.mark.parametrize(("given", "served"), [("a/b", "a_b"), ("x@1", "x_1"), ("..", "_"), ("50%", "50_"), ("é", "é")])
def test_an_id_that_cannot_stand_in_an_address_is_served_as_another(read, given, served) -> None:
    config = read(one_layer(layer_id=given))
    assert config.layers()[0].layer_id == served
    assert len(config.warnings) == (given != served)


@pytest.mark.parametrize("word", ["+", "add", "SUM", "plus"])
def test_functions_have_symbols_and_words(read, word) -> None:
    provider = {"provider_type": "fits_combination", "function": word, "providers": [{"filename": "a"}]}
    assert read(one_layer(provider=provider)).layers()[0].provider.function == "+"


def test_a_combination_without_a_function_is_a_ratio_as_in_tilemaker(read) -> None:
    provider = {"providers": [{"filename": "a"}, {"filename": "b"}]}
    assert read(one_layer(provider=provider)).layers()[0].provider.function == "/"


@pytest.mark.parametrize(
    ("layer", "place", "words"),
    [
        ({"name": ""}, ".name", "must not be empty"),
        ({"name": None}, ".name", "is missing"),
        ({"name": ["x"]}, ".name", "must be text, not a list"),
        ({"name": "\ud800"}, ".name", "surrogate"),
        ({"provider": None}, ".provider", "is missing"),
        ({"provider": []}, ".provider", "must be an object"),
        ({"provider": {"provider_type": "zarr"}}, ".provider.provider_type", "must be one of fits"),
        ({"provider": {}}, ".provider.filename", "is missing"),
        ({"provider": {"filename": " "}}, ".provider.filename", "must not be empty"),
        ({"provider": {"filename": "a\0b"}}, ".provider.filename", "null character"),
        ({"provider": {"filename": "s3://b/a.fits"}}, ".provider.filename", "http"),
        ({"provider": {"filename": "a", "hdu": -1}}, ".provider.hdu", "number of a unit"),
        ({"provider": {"filename": "a", "hdu": True}}, ".provider.hdu", "not true"),
        ({"provider": {"filename": "a", "index": -1e12}}, ".provider.index", "whole number"),
        ({"provider": {"filename": "a", "index": 1.5}}, ".provider.index", "not 1.5"),
        ({"provider": {"filename": "a", "index": []}}, ".provider.index", "not a list"),
        ({"provider": {"providers": []}}, ".provider.providers", "is empty"),
        ({"provider": {"providers": [{"filename": "a"}] * 65}}, ".provider.providers", "at most 64"),
        ({"provider": {"providers": [{"filename": "a"}], "function": "^"}}, ".provider.function", "not '^'"),
        ({"vmin": 5, "vmax": 5}, ".vmin", "must be less than vmax"),
        ({"vmin": 1e10, "vmax": 1e10 + 1}, ".vmin", "must be less than vmax"),
        ({"vmin": "low"}, ".vmin", '"auto" or null'),
        ({"vmax": 1e39}, ".vmax", "must be a number"),
        ({"vmax": True}, ".vmax", "not true"),
        ({"stretch": "logg"}, ".stretch", "must be one of linear"),
        ({"tile_size": 7}, ".tile_size", "power of two from 64 to 1024"),
        ({"tile_size": 1e9}, ".tile_size", "power of two"),
        ({"grant": ""}, ".grant", "name of one grant"),
        ({"grant": ["a"]}, ".grant", "name of one grant"),
        ({"grants": ["a"]}, ".grants", "name of one grant"),
    ],
)
def test_an_error_names_the_place_and_the_remedy(read, layer, place, words) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(one_layer(**layer))
    assert caught.value.problems == (caught.value.message,)
    assert caught.value.message.startswith(f"holdings.json: {LAYER}{place}: ")
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_errors_are_collected_and_the_first_twenty_told(read) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(one_band([{"name": "x"}] * 30))
    assert caught.value.message.endswith("And 29 more problems.")
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1].endswith("10 more problems.")


def test_equal_ids_name_both_places(read) -> None:
    layers = [{"layer_id": "x", "name": name, "provider": {"filename": "a"}} for name in "ab"]
    with pytest.raises(ConfigurationError, match=r"layers\[1\].layer_id: 'x' is the id of .*layers\[0\] already"):
        read(one_band(layers))
    groups = {"map_groups": [{"map_group_id": "1", "name": "a", "maps": []}] * 2}
    with pytest.raises(ConfigurationError, match=r"map_groups\[1\].map_group_id"):
        read(groups)


def test_bands_of_different_maps_may_have_equal_ids(read) -> None:
    band = {"band_id": "1", "name": "b", "layers": []}
    maps = [{"map_id": str(number), "name": "m", "bands": [band]} for number in range(2)]
    assert len(read({"map_groups": [{"name": "g", "maps": maps}]}).map_groups[0].maps) == 2


def test_unknown_keys_are_warned_of_with_a_suggestion(read) -> None:
    config = read(one_layer(quantitty="T", _note="ours", **{"$schema": "x"}))
    assert config.warnings == (f"{LAYER}: 'quantitty' is not known, and ignored. Did you mean 'quantity'?",)


@pytest.mark.parametrize("key", ["grants", "Grant", "grnat"])
def test_what_looks_like_a_grant_protects(read, key) -> None:
    config = read(one_layer(**{key: "team"}))
    assert config.layers()[0].grant == "team"
    assert len(config.warnings) == 1


def test_ends_of_a_range_that_are_exchanged_are_set_right(read) -> None:
    config = read(one_layer(vmin=50, vmax=-50))
    look = config.layers()[0].look
    assert (look.vmin, look.vmax) == (-50, 50)
    assert config.warnings == (f"{LAYER}.vmin: is greater than vmax (50 and -50): they are exchanged.",)


def test_a_colour_map_that_is_unknown_is_only_odd(read) -> None:
    config = read(one_layer(cmap="virids"))
    assert config.layers()[0].look.cmap is None
    assert "'viridis'" in config.warnings[0]
    assert read(one_layer(cmap="RDBU_R")).layers()[0].look.cmap == "RdBu_r"


@pytest.mark.parametrize("size", [64, 128, 1024])
def test_tile_sizes_of_ours_are_honoured(read, size) -> None:
    assert read(one_layer(tile_size=size)).layers()[0].tile_size == size


def references(*pairs):
    """Layers that refer to layers; None: to a file."""
    return one_band(
        [
            {"layer_id": name, "name": name, "provider": {"layer_id": to} if to else {"filename": "a"}}
            for name, to in pairs
        ]
    )


def test_layers_may_refer_to_layers_before_and_after(read) -> None:
    config = read(references(("a", "c"), ("b", None), ("c", "b")))
    assert config.layers()[0].provider == LayerProvider("c")


def test_cycles_are_found(read) -> None:
    with pytest.raises(ConfigurationError, match="is made of itself \\(a → b → c → a\\)") as caught:
        read(references(("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")))
    assert len(caught.value.problems) == 1
    with pytest.raises(ConfigurationError, match="itself"):
        read(references(("a", "a")))


def test_a_reference_to_nothing_has_a_suggestion(read) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no layer 'lyer'\. Did you mean 'layer'") as caught:
        read(references(("layer", None), ("b", "lyer")))
    assert "layers[1].provider.layer_id" in caught.value.message


@pytest.mark.parametrize("reverse", [False, True])
def test_chains_of_references_are_bounded(read, reverse) -> None:
    pairs = [(f"l{k}", f"l{k + 1}" if k < 2000 else None) for k in range(2001)]
    with pytest.raises(ConfigurationError, match="refers to others more than 64 deep"):
        read(references(*(reversed(pairs) if reverse else pairs)))


def test_growth_by_references_is_bounded(read) -> None:
    """Each layer twice the one before it: 2**40 planes in 40 lines."""
    layers = [{"layer_id": "l0", "name": "l0", "provider": {"filename": "a"}}]
    for k in range(40):
        both = {"provider_type": "combination", "function": "+", "providers": [{"layer_id": f"l{k}"}] * 2}
        layers.append({"layer_id": f"l{k + 1}", "name": "x", "provider": both})
    with pytest.raises(ConfigurationError, match="is made of 512 planes"):
        read(one_band(layers))


def test_nesting_is_bounded(read) -> None:
    provider = {"filename": "a"}
    for _ in range(17):
        provider = {"providers": [provider]}
    with pytest.raises(ConfigurationError, match="nested more than 16 deep"):
        read(one_layer(provider=provider))


@pytest.mark.parametrize(
    ("corners", "served"),
    [
        ((10, 5, 350, -5), (10, 5, 350, -5)),
        ((350, 5, 10, -5), (350, 5, 10, -5)),
        ((180, 90, -180, -90), (360, 90, 0, -90)),
        ((360, 90, 0, -90), (360, 90, 0, -90)),
        ((370, 1, 5, 0), (360, 1, 0, 0)),
    ],
)
def test_boxes_reach_eastward_from_their_right_edge(read, corners, served) -> None:
    config = read({"boxes": [box(*corners)]})
    assert edges(config.boxes[0]) == served
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("corners", "served"),
    [
        ((5, 1, 15, 0), (15, 1, 5, 0)),
        ((-10, 1, 10, 0), (10, 1, 350, 0)),
        ((15, 0, 5, 1), (15, 1, 5, 0)),
        ((-180, 90, 180, -90), (360, 90, 0, -90)),
    ],
)
def test_exchanged_corners_are_set_right_with_a_warning(read, corners, served) -> None:
    config = read({"boxes": [box(*corners)]})
    assert edges(config.boxes[0]) == served
    assert "exchanged" in config.warnings[0]


def test_a_box_across_the_far_side_says_how_to_have_the_rest(read) -> None:
    config = read({"boxes": [box(-100, 5, 100, -5), box(100, 5, -100, -5)]})
    assert list(map(edges, config.boxes)) == [(260, 5, 100, -5), (100, 5, 260, -5)]
    assert config.warnings == (
        "boxes[0]: is taken for 160° wide, across RA 180: exchange its corners if the rest is meant.",
    )


@pytest.mark.parametrize(
    ("corners", "words"),
    [
        ((5, 1, 5, 0), "has no area"),
        ((5, 1, 3, 1), "has no area"),
        ((5, 91, 3, 0), "declination"),
        ((1e9, 1, 3, 0), "right ascension"),
        (("x", 1, 3, 0), "must be a number"),
        ((None, 1, 3, 0), "is missing"),
    ],
)
def test_boxes_without_area_or_beyond_the_sky_are_errors(read, corners, words) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        read({"boxes": [box(*corners)]})
    assert "boxes[0]" in caught.value.message


def box(left, top, right, bottom):
    return {
        "name": "b",
        "top_left_ra": left,
        "top_left_dec": top,
        "bottom_right_ra": right,
        "bottom_right_dec": bottom,
    }


def edges(made):
    return made.top_left_ra, made.top_left_dec, made.bottom_right_ra, made.bottom_right_dec


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({}, "has no sources"),
        ({"sources": 3}, "must be a list"),
        ({"sources": [3]}, r"sources\[0\]: must be an object"),
        ({"sources": [{"name": "\ud800"}]}, r"sources\[0\]: a text holds half of a surrogate pair"),
        ({"sources": [{"extra": {"\0": 1}}]}, r"sources\[0\]: a text holds a null character"),
        ({"sources": [{"extra": [[[[[[[[[[1]]]]]]]]]]}]}, r"sources\[0\]: is nested more than 8 deep"),
        ({"provider": {"filename": "a", "file_type": "xls"}}, "must be one of csv"),
        ({"provider": {"filename": "a", "ra_column": "x"}}, "only one of"),
        ({"sources": [], "style": {"size": -1}}, "style.size"),
    ],
)
def test_source_groups_that_are_wrong(read, group, words) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read({"source_groups": [{"name": "s"} | group]})


def test_source_groups_have_columns_and_a_style(read, tmp_path) -> None:
    provider = {"filename": "c.ecsv", "ra_column": "a", "dec_column": "d", "name_column": "n", "file_type": "ECSV"}
    style = {"color": "#ff0000", "shape": "circle", "size": 8, "size_column": "flux"}
    (made,) = read({"source_groups": [{"name": "s", "provider": provider, "style": style}]}).source_groups
    assert made.provider == SourceProvider(str(tmp_path / "c.ecsv"), "ecsv", "a", "d", "n")
    assert made.style == style


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "is not JSON .*line 1"),
        (b"", "is empty"),
        (b"[]", "must be an object"),
        (b'{"title": NaN}', "NaN is no JSON"),
        (b'{"boxes": [1e999]}', "too large"),
        (b'{"boxes": [' + b"1" * 5000 + b"]}", "number that cannot be read"),
        (b"\xff\xfe{\x00}\x00", "is not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
    ],
    ids=["cut", "empty", "list", "nan", "infinite", "digits", "utf16", "lists", "objects"],
)
def test_text_that_is_no_json(read, data, words) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        read(data)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"a = ", "is not TOML"), (b"a = " + b"[" * 100_000, "nested"), (b"boxes = 1979-05-27", "list")],
    ids=["cut", "deep", "date"],
)
def test_text_that_is_no_toml(read, data, words) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read(data, "h.toml")


def test_a_mark_of_byte_order_is_no_matter(read) -> None:
    assert read(b"\xef\xbb\xbf" + json.dumps(README_FORM).encode()).layers()


def test_a_key_that_stands_twice_is_warned_of(read) -> None:
    assert "'title' stands twice" in read(b'{"title": "a", "title": "b", "boxes": []}').warnings[0]


def test_numbers_beyond_reason_in_toml_are_errors(read) -> None:
    with pytest.raises(ConfigurationError, match="title"):
        read(b"title = 0x" + b"f" * 9000, "h.toml")


def test_files_that_cannot_be_read(tmp_path, monkeypatch) -> None:
    with pytest.raises(ConfigurationError, match=r"no\.json: there is no such file"):
        read_configuration(tmp_path / "no.json")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ConfigurationError, match="is no plain file"):
        read_configuration(tmp_path / "fifo")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_configuration("a\0b")
    with pytest.raises(ConfigurationError, match="is a folder: `armillary open` shows it"):
        read_configuration(tmp_path)
    monkeypatch.setattr(document, "MAX_BYTES", 10)
    (tmp_path / "large.json").write_text('{"title": "long"}')
    with pytest.raises(ConfigurationError, match="is larger than"):
        read_configuration(tmp_path / "large.json")


def test_too_many_layers_are_refused(read, monkeypatch) -> None:
    monkeypatch.setattr("armillary.holdings.configuration.layers.MOST_LAYERS", 3)
    layer = {"name": "x", "provider": {"filename": "a"}}
    maps = [{"name": "m", "bands": [{"name": "b", "layers": [layer] * 2}]}] * 2
    with pytest.raises(ConfigurationError, match="at most 3 are served"):
        read({"map_groups": [{"name": "g", "maps": maps}]})


def test_names_of_files(read, tmp_path) -> None:
    for given_name, expected in (
        ("a.fits", tmp_path / "a.fits"),
        ("/x/../a.fits", "/a.fits"),
        ("~/a.fits", tmp_path / "~" / "a.fits"),
        ("https://host/a.fits?x=1", "https://host/a.fits?x=1"),
    ):
        assert read(one_layer(provider={"filename": given_name})).layers()[0].provider.filename == str(expected)


def test_roots_keep_files_in(read, tmp_path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "link.fits").symlink_to(outside / "a.fits")
    roots = (str(inside),)
    for good in ("in/a.fits", "out/../in/a.fits"):
        assert read(one_layer(provider={"filename": good}), roots=roots).layers()
    for bad in ("a.fits", "in/../out/a.fits", "in/link.fits", "in2/a.fits", "/etc/passwd", "http://host/a.fits"):
        with pytest.raises(ConfigurationError, match=r"provider.filename: lies outside") as caught:
            read(one_layer(provider={"filename": bad}), roots=roots)
        assert str(tmp_path) not in caught.value.message


WORDS = """map_groups maps bands layers name provider providers filename function hdu index grant grants vmin vmax cmap
tile_size layer_id map_id source_groups sources style boxes top_left_ra bottom_right_ra top_left_dec bottom_right_dec
title provider_type stretch"""
keys = st.sampled_from(WORDS.split())
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["fits", "layer", "+"])
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | st.text(), inner), max_leaves=30
)
layer = st.dictionaries(keys, anything)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(anything | layer.map(lambda made: one_layer(**made)))
def test_whatever_is_written_only_configuration_errors_are_raised(tmp_path, content) -> None:
    path = tmp_path / "h.json"
    path.write_text(json.dumps(content))
    assert message_of(path).isprintable()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(), st.sampled_from(["h.json", "h.toml", "h"]))
def test_whatever_the_bytes_are_only_configuration_errors_are_raised(tmp_path, data, name) -> None:
    (tmp_path / name).write_bytes(data)
    assert "\n" not in message_of(tmp_path / name)


def message_of(path) -> str:
    """What is said of a file that is wrong; nothing of a good one, which is also offered."""
    try:
        open_configuration(path, lambda plane, identity: (plane, identity)).holdings.tree(OWNER)
    except ConfigurationError as error:
        return error.message
    return ""
