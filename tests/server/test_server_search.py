"""Search of what is on offer: which words find what, and that nobody finds what is hidden."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from conftest_server import in_process, make_app, sky_data, tan_header, write_image
from hypothesis import given
from hypothesis import strategies as st

from armillary.holdings import Access, Holdings
from armillary.holdings.layers import LayerEntry, Pyramids
from armillary.holdings.search import Search, fold, index_of, words_of
from armillary.holdings.tree import Band, Box, Map, MapGroup, SourceGroup
from armillary.images.plane import PlaneWords

FILE: Any = SimpleNamespace(problem=None, count=None, path="x.fits", identity="x.fits", close=lambda: None)
PYRAMIDS = Pyramids(lambda *_: None, 64)  # type: ignore[arg-type, return-value]
NOBODY = Access()
MEMBER = Access(grants=frozenset({"team"}))


def layer(layer_id: str, name: str, description: str = "", grant: str | None = None) -> LayerEntry:
    words = PlaneWords("x.fits", 0)
    return LayerEntry(layer_id, name, FILE, (0, "", 0), words, (), (), PYRAMIDS, description, grant)


def add_map(holdings: Holdings, group: MapGroup, name: str, layers: list[LayerEntry], **more: Any) -> None:
    band = Band(f"{name}-f090", "f090", "ninety gigahertz", layers=layers)
    holdings.put(group, Map(name, name, bands=[band], **more))


@pytest.fixture
def holdings() -> Holdings:
    made = Holdings("Test")
    group = MapGroup("dr6", "Data Release 6", "From the Atacama")
    add_map(made, group, "day", [layer("day-I", "I", "Intensität"), layer("day-Q", "Q")])
    add_map(made, group, "night", [layer("night-I", "I"), layer("night-hits", "Hits", "only for us", "team")])
    add_map(made, MapGroup("secret", "Secret sky", grant="team"), "hidden", [layer("hidden-I", "I")])
    for name, grant in (("stars", None), ("quasars", "team")):
        made.put_sources(SourceGroup(name, f"Known {name}", FILE, "from the literature", grant))
        made.put_box(Box(f"{name}-box", f"Field of {name}", 1, 1, 0, 0, "", grant))
    return made


def found(holdings: Holdings, query: str, access: Access = NOBODY) -> list[str]:
    answer = Search(holdings).find(query, access)
    ids = {"layers": "layer_id", "source_groups": "source_group_id", "boxes": "box_id"}
    return [hit[key] for kind, key in ids.items() for hit in answer[kind]]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("day-i", ["day-I"]),
        ("DAY", ["day-I", "day-Q"]),
        ("intensitat", ["day-I"]),
        ("i night", ["night-I"]),
        ("f090 release", ["day-I", "day-Q", "night-I"]),
        ("gigahertz", ["day-I", "day-Q", "night-I"]),
        ("atacama q", ["day-Q"]),
        ("stars", ["stars", "stars-box"]),
        ("known literature", ["stars"]),
        ("nothing", []),
        ("day nothing", []),
    ],
)
def test_every_word_must_be_there(holdings: Holdings, query: str, ids: list[str]) -> None:
    assert found(holdings, query) == ids


def test_own_names_come_before_paths(holdings: Holdings) -> None:
    add_map(holdings, MapGroup("late", "Late"), "other", [layer("release", "Release")])
    assert found(holdings, "release")[0] == "release"


@pytest.mark.parametrize("query", ["secret", "hidden", "hits", "only us", "quasars", "team"])
def test_what_is_hidden_is_not_found(holdings: Holdings, query: str) -> None:
    assert found(holdings, query) == []
    assert (found(holdings, query, MEMBER) == []) is (query == "team")


def test_the_answer_says_where_a_layer_is(holdings: Holdings) -> None:
    hits = Search(holdings).find("day-i", NOBODY)["layers"]
    path = ["Data Release 6", "day", "f090"]
    assert hits == [{"layer_id": "day-I", "name": "I", "description": "Intensität", "path": path}]


def test_the_index_follows_the_tree(holdings: Holdings) -> None:
    search = Search(holdings)
    assert search.find("new", NOBODY)["layers"] == []
    add_map(holdings, holdings.groups[0], "new", [layer("new", "New")])
    assert [hit["layer_id"] for hit in search.find("new", NOBODY)["layers"]] == ["new"]
    holdings.take_away(holdings.groups[0], "new")
    assert search.find("new", NOBODY)["layers"] == []


def test_at_most_200_of_a_kind() -> None:
    made = Holdings("Many")
    group = MapGroup("many", "Many")
    add_map(made, group, "all", [layer(f"layer-{number}", "Many") for number in range(300)])
    hits = Search(made).find("many", NOBODY)["layers"]
    assert [hit["layer_id"] for hit in hits] == [f"layer-{number}" for number in range(200)]


def test_indexes_are_bounded(holdings: Holdings) -> None:
    search = Search(holdings)
    for number in range(100):
        search.find("day", Access(name=str(number)))
    assert len(search._indexes) <= 64


@given(st.text(max_size=60))
def test_a_layer_is_found_by_each_word_of_its_own_name(name: str) -> None:
    made = Holdings("Any")
    add_map(made, MapGroup("g", "g"), "m", [layer("x", name)])
    index = index_of(made.tree(NOBODY))
    # Accents alone, without a letter, are no word.
    for word in filter(lambda word: fold(word).strip(), name.split()):
        assert [hit["layer_id"] for hit in index.search(words_of(word))["layers"]] == ["x"]


def ask(folder: Path, *queries: str) -> list[httpx.Response]:
    write_image(folder / "M31_f090.fits", sky_data(), tan_header(200, 300))
    app = make_app(folder)

    async def run() -> list[httpx.Response]:
        async with in_process(app) as client:
            return [await client.get(query) for query in queries]

    return asyncio.run(run())


def test_the_route_answers(tmp_path: Path) -> None:
    hit, nothing, again = ask(tmp_path, "/api/search?q=m31", "/api/search?q=m32", "/api/search?q=m31&q=m32")
    assert [layer["layer_id"] for layer in hit.json()["layers"]] == ["M31_f090"]
    assert hit.json()["layers"][0]["path"] == [tmp_path.name, "M31_f090.fits", "HDU 0"]
    assert nothing.json() == again.json() == {"layers": [], "source_groups": [], "boxes": []}


def test_names_that_are_no_text_are_told_as_far_as_they_are(tmp_path: Path) -> None:
    names = [os.fsencode(tmp_path) + name for name in (b"/odd\xff.fits", b"/odd\xff.csv", b"/bad\xff.fits")]
    try:
        os.rename(write_image(tmp_path / "a.fits", sky_data(), tan_header(200, 300)), names[0])
    except OSError:
        pytest.skip("this file system takes text only")
    Path(os.fsdecode(names[1])).write_text("ra,dec\n1,2\n")
    Path(os.fsdecode(names[2])).write_text("no FITS")
    tree, hits, layer = ask(tmp_path, "/api/holdings", "/api/search?q=odd", "/api/layers/odd_")
    assert {a.status_code for a in (tree, hits, layer)} == {200}
    assert [group["name"] for group in tree.json()["source_groups"]] == ["odd?"]
    assert [problem["name"] for problem in tree.json()["problems"]] == ["bad?.fits"]
    assert [hit["layer_id"] for hit in hits.json()["layers"]] == ["odd_"]


@pytest.mark.parametrize("query", ["", "?q=", "?q=++", "?q=" + "x" * 201])
def test_a_query_without_words_is_refused(tmp_path: Path, query: str) -> None:
    (told,) = ask(tmp_path, f"/api/search{query}")
    assert (told.status_code, told.json()["error"]["code"]) == (422, "parameter")
    assert told.json()["error"]["detail"]["parameter"] == "q"
