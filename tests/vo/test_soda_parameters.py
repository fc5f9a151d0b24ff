"""Parameters of SODA 1.0: values, combinations, and everything that is none."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import ArmillaryError, LimitError, ParameterError
from armillary.vo.errors import dali_text
from armillary.vo.identifiers import bare_id, publisher_did
from armillary.vo.parameters import MultiValuedParamError, Parameters
from armillary.vo.soda import (
    FORMATS,
    MOST_CORNERS,
    MOST_RESULTS,
    NAMES,
    POLARIZATIONS,
    SodaRequest,
    parse,
)

AUTHORITY = "armillary.local"
PLAIN = [("ID", "a")]


def ask(*pairs: tuple[str, str], sync: bool = True, partial: bool = False) -> SodaRequest:
    return parse(Parameters([*PLAIN, *pairs]), authority=AUTHORITY, sync=sync, partial=partial)


SHAPES = ["12 34 0.5", "12 34 14 34 14 36 12 36"]


@pytest.mark.parametrize(("name", "text"), [("CIRCLE", SHAPES[0]), ("POLYGON", SHAPES[1])])
def test_a_shape_is_the_same_as_in_pos(name: str, text: str) -> None:
    (one,) = ask((name, text)).regions
    (other,) = ask(("POS", f"{name} {text}")).regions
    assert one.words == other.words == f"{name} {text}"


@pytest.mark.parametrize("name", ["pos", "Pos", "POS", "pOs"])
def test_names_have_no_case_and_values_do(name: str) -> None:
    assert ask((name, "CIRCLE 1 2 3")).regions[0].words == "CIRCLE 1 2 3"
    with pytest.raises(ParameterError, match="POL"):
        ask(("pol", "i"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RANGE 12 14 34 36", "RANGE 12 14 34 36"),
        ("RANGE 350 10 -2 2", "RANGE 350 10 -2 2"),
        ("RANGE 0 360 89 +Inf", "RANGE 0 360 89 +Inf"),
        ("RANGE -Inf +Inf -2 2", "RANGE -Inf +Inf -2 2"),
    ],
)
def test_ranges(text: str, words: str) -> None:
    assert ask(("POS", text)).regions[0].words == words


BAD = {
    "POS": [
        "", " ", "x", "12 34 0.5", "BOX 1 2 3 4", "CIRCLE", "CIRCLE 1 2", "CIRCLE 1 2 3 4", "CIRCLE 1 2 -0.1",
        "CIRCLE 1 91 1",
        "CIRCLE 1 -90.1 1", "CIRCLE 1 2 0", "CIRCLE 1 2 181", "CIRCLE NaN 2 3", "CIRCLE 1 NaN 3", "CIRCLE 1 2 NaN",
        "CIRCLE Inf 2 3", "CIRCLE 1 2 Inf", "CIRCLE 1 2 1e999", "CIRCLE 0x1 2 3", "CIRCLE 1,2,3", "CIRCLE 1 2 ३",
        "RANGE 1 2 3", "RANGE 1 2 4 3", "RANGE 1 2 -91 3", "RANGE Inf 2 3 4", "RANGE 1 1 2 3", "RANGE 1 2 3 3",
        "RANGE NaN 2 3 4",
        "POLYGON 1 2 3 4", "POLYGON 1 2 3 4 5", "POLYGON 0 0 1 0 2 0", "POLYGON 1 1 1 1 1 1", "POLYGON 0 0 1 1 1 0 0 1",
        "POLYGON 0 0 180 0 90 45", "POLYGON 0 95 1 0 2 0", "POLYGON NaN 0 1 1 2 0",
    ],
    "CIRCLE": ["", "1 2", "1 2 3 4", "1 2 -3", "1 91 1", "NaN 1 1", "CIRCLE 1 2 3", "a b c", "1 2 0"],
    "POLYGON": ["", "1 2 3 4", "1 2 3 4 5 6 7", "0 0 1 0 2 0", "POLYGON 1 2 3 4 5 6"],
    "BAND": ["", "a", "1 2 3", "2 1", "NaN", "NaN 1", "1 NaN", "Inf Inf", "-Inf -Inf", "-1 5", "-5 -1", "0 0", "0",
             "+Inf 1"],
    "TIME": ["", "a", "1 2 3", "2 1", "NaN 1", "Inf Inf", "2020-01-01"],
    "POL": ["", "i", "X", "I Q", "stokes"],
    "RESPONSEFORMAT": ["image/tiff", "text/html", "application/fits;x=1", "votable", "*/*"],
    "RADIUS": ["", "a", "-1", "0", "181", "NaN", "Inf", "1 2"],
    "PACKAGE": ["rar", "zip,tar"],
    "UPLOAD": ["x", "t,", ",param:x", "t,param:", "t,file:///etc/passwd", "t,ftp://x/y",
               "../t,param:x", "t,PARAM", "1t,param:x"],
    "RUNID": ["a\nb", "x" * 257],
    "ID": ["", "x" * 2000, "a\0b", "ivo://armillary.local/data?"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_bad_values_are_usage_errors(name: str, text: str) -> None:
    pairs = [(name, text)] if name == "ID" else [*PLAIN, (name, text)]
    with pytest.raises(ParameterError) as caught:
        parse(Parameters(pairs), authority=AUTHORITY, sync=False)
    said = dali_text(caught.value)
    assert said.startswith("UsageError: ")
    assert name in said
    assert said.count("\n") == 1
    assert len(said) < 400


@pytest.mark.parametrize("name", [name for name in NAMES if name != "POL"])
def test_sync_takes_one_value(name: str) -> None:
    values = {"ID": "b", "POS": "CIRCLE 1 2 3", "CIRCLE": "1 2 3", "POLYGON": "0 0 1 0 1 1", "BAND": "1", "TIME": "1"}
    pairs = [(name, values.get(name, "x"))] * (1 if name == "ID" else 2)
    with pytest.raises(MultiValuedParamError) as caught:
        ask(*pairs)
    assert dali_text(caught.value).startswith("MultiValuedParamNotSupported: ")


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(["POS", "CIRCLE", "POLYGON"], 2)))
def test_sync_cuts_one_region(one: str, other: str) -> None:
    values = {"POS": "CIRCLE 1 2 3", "CIRCLE": "1 2 3", "POLYGON": "0 0 1 0 1 1"}
    with pytest.raises(MultiValuedParamError):
        ask((one, values[one]), (other, values[other]))


@pytest.mark.parametrize("name", ["RESPONSEFORMAT", "RUNID", "RADIUS", "PACKAGE"])
def test_async_takes_one_value_of_what_is_no_filter(name: str) -> None:
    with pytest.raises(MultiValuedParamError):
        ask((name, "1"), (name, "1"), sync=False)


def test_states_are_one_filter() -> None:
    wanted = ask(("POL", "I"), ("POL", "Q"), ("POL", "U"), ("POL", "I"))
    assert wanted.pols == ("I", "Q", "U")
    assert [combo.pols for combo in wanted.combos()] == [("I", "Q", "U")]
    assert ask(*(("POL", state) for state in POLARIZATIONS)).pols == POLARIZATIONS


@pytest.mark.parametrize("asked", FORMATS)
def test_formats_are_called_as_the_client_calls_them(asked: str) -> None:
    wanted = ask(("RESPONSEFORMAT", asked.upper()))
    assert wanted.form in {"fits", "png", "jpg"}
    assert "/" not in asked or wanted.media_type == asked


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("500e-9 550e-9", (500e-9, 550e-9)),
        ("550e-9", (550e-9, 550e-9)),
        ("-Inf 300", (-math.inf, 300)),
        ("750 +Inf", (750, math.inf)),
        ("-Inf Inf", (-math.inf, math.inf)),
        (" 1  2 ", (1, 2)),
        ("0 1", (0, 1)),
    ],
)
def test_intervals(text: str, interval: tuple[float, float]) -> None:
    assert ask(("BAND", text)).bands_m == (interval,)
    assert ask(("TIME", text)).times_mjd == (interval,)


def test_every_combination_once_in_order() -> None:
    pairs = [
        ("ID", "b"),
        ("CIRCLE", "1 2 3"),
        ("CIRCLE", "4 5 6"),
        ("POS", "RANGE 1 2 3 4"),
        ("BAND", "1 2"),
        ("BAND", "3"),
        ("TIME", "55000"),
    ]
    wanted = ask(*pairs, sync=False)
    combos = list(wanted.combos())
    assert [combo.number for combo in combos] == list(range(1, 13))
    assert len({combo.key for combo in combos}) == len(combos) == wanted.count() == 12
    assert [combo.key for combo in combos] == [combo.key for combo in wanted.combos()]
    regions = ["RANGE 1 2 3 4", "CIRCLE 1 2 3", "CIRCLE 4 5 6"]
    told = [(combo.obs_id, combo.region.words, combo.band_m) for combo in combos]
    assert told == list(itertools.product("ab", regions, [(1, 2), (3, 3)]))


def test_two_circles_and_two_bands_are_four_results() -> None:
    pairs = [("CIRCLE", "1 2 3"), ("CIRCLE", "4 5 6"), ("BAND", "1 2"), ("BAND", "3 4")]
    assert ask(*pairs, sync=False).count() == 4


def test_without_filters_there_is_one_result_of_all() -> None:
    (combo,) = ask().combos()
    assert combo.key == ("a", None, None, None, ())


def test_uploaded_positions_come_after_the_other_regions() -> None:
    wanted = ask(("CIRCLE", "1 2 3"), ("UPLOAD", "t,param:x"), sync=False)
    (uploaded,) = ask(("CIRCLE", "7 8 9")).regions
    combos = list(wanted.combos([("star", uploaded)]))
    assert [(combo.label, combo.region.words) for combo in combos] == [("", "CIRCLE 1 2 3"), ("star", "CIRCLE 7 8 9")]
    assert wanted.count(1) == 2
    assert "star" in combos[1].words


def test_results_are_bounded() -> None:
    values = [("BAND", f"{k} {k + 1}") for k in range(1, 400)] + [("TIME", str(k)) for k in range(300)]
    with pytest.raises(LimitError, match=f"at most {MOST_RESULTS} results, not 119700"):
        ask(*values, sync=False)
    with pytest.raises(LimitError):
        ask(sync=False).count(MOST_RESULTS + 1)


@pytest.mark.parametrize("sync", [True, False])
def test_ten_thousand_repeated_parameters(sync: bool) -> None:
    pairs = [("CIRCLE", f"{k % 360} 2 0.1") for k in range(9_999)]
    if sync:
        with pytest.raises(MultiValuedParamError):
            ask(*pairs)
    else:
        assert ask(*pairs, sync=False).count() == 9_999
    with pytest.raises(LimitError, match="at most"):
        ask(*pairs, *pairs, sync=sync)


def test_polygons_are_bounded_before_they_are_looked_at() -> None:
    many = " ".join(f"{k / 1000} {k % 7}" for k in range(100_001))
    for pair in (("POLYGON", many), ("POS", f"POLYGON {many}"), ("POS", f"  polygon {many}")):
        with pytest.raises(LimitError, match="at most 100000 corners together"):
            ask(pair)
    ring = " ".join(f"{10 + math.cos(k / 450 * math.pi):.5f} {math.sin(k / 450 * math.pi):.5f}" for k in range(900))
    ask(("POLYGON", ring))
    with pytest.raises(LimitError, match="together"):
        ask(*[("POLYGON", ring)] * (MOST_CORNERS // 900 + 1), sync=False)


def test_an_id_is_needed_unless_more_may_follow() -> None:
    with pytest.raises(ParameterError, match="ID: is needed"):
        parse(Parameters([]), authority=AUTHORITY, sync=False)
    assert parse(Parameters([]), authority=AUTHORITY, sync=False, partial=True).ids == ()


def test_uploads_are_for_the_background() -> None:
    with pytest.raises(ParameterError, match="async"):
        ask(("UPLOAD", "t,param:x"))
    wanted = ask(("UPLOAD", "t,param:x;u,param:y"), ("UPLOAD", "w,http://example.org/t.csv"), sync=False)
    assert [(one.name, one.field, one.address) for one in wanted.uploads] == [
        ("t", "x", ""),
        ("u", "y", ""),
        ("w", "", "http://example.org/t.csv"),
    ]
    with pytest.raises(ParameterError, match="same name"):
        ask(("UPLOAD", "t,param:x"), ("UPLOAD", "T,param:y"), sync=False)
    with pytest.raises(LimitError):
        ask(*(("UPLOAD", f"t{k},param:x") for k in range(9)), sync=False)


@pytest.mark.parametrize("obs_id", ["a", "map/layer", "cube@1", "cube@1,2", "a b", "ä", "50%", "a?b#c&d", "a+b"])
def test_identifiers_lead_back(obs_id: str) -> None:
    did = publisher_did("example.org", obs_id)
    assert did.startswith("ivo://example.org/data?")
    assert did.isascii()
    assert bare_id(did, "example.org") == obs_id
    assert bare_id(did.replace("ivo://example.org/data", "IVO://Example.ORG/Data"), "example.org") == obs_id
    assert bare_id(did, "other.org") == did
    assert bare_id(obs_id, "example.org") == obs_id


def test_an_id_counts_once_however_it_is_written() -> None:
    wanted = ask(("ID", "ivo://armillary.local/data?a"), ("id", "a"), sync=False)
    assert wanted.ids == ("a",)


@given(st.lists(st.tuples(st.sampled_from([*NAMES, "FOO"]), st.text(max_size=30)), max_size=8), st.booleans())
def test_whatever_is_sent_is_understood_or_refused_in_a_line(pairs: list[tuple[str, str]], sync: bool) -> None:
    refused: ArmillaryError | None = None
    try:
        found = parse(Parameters(pairs), authority=AUTHORITY, sync=sync)
    except ArmillaryError as error:
        refused = error
    if refused is not None:
        assert dali_text(refused).count("\n") == 1
        return
    assert found.ids
    assert len(list(found.combos())) == found.count()
