"""A holdings file that is served: the tree, the gate, missing files, and reading it again."""

from __future__ import annotations

import json
import os
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits

from armillary.errors import ConfigurationError, FileError, NotFoundError, UnreadableFileError
from armillary.holdings import ANONYMOUS, Access, facts, open_configuration
from armillary.holdings.access import OWNER
from armillary.holdings.configuration import headers, live
from armillary.holdings.files import open_file
from armillary.images.pyramid import Pyramid
from armillary.sky.grid import TileKey, Window


class Opener:
    """Opens files and counts."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.sources: list = []

    def __call__(self, path):
        self.opened.append(os.path.basename(path))
        source, image = open_file(path)
        self.sources.append(source)
        return source, image


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def serve(tmp_path, opener):
    """Write a holdings file and serve it."""

    def run(content, *, scan: bool = True, **options):
        write(tmp_path, content)
        made = open_configuration(tmp_path / "h.json", pyramid, tile_size=128, opener=opener, **options)
        if scan:
            made.run()
        return made

    return run


def pyramid(plane, identity, *, tile_size=128):
    return Pyramid(plane, tile_size=tile_size, identity=identity)


def write(folder, content) -> None:
    """Replace the holdings file, as careful programs do."""
    part = folder / "part"
    part.write_text(content if isinstance(content, str) else json.dumps(content))
    part.replace(folder / "h.json")


def data(seed: int = 1, shape=(3, 40, 60)):
    return np.random.default_rng(seed).normal(0.0, 2.0, shape).astype(np.float32)


def image(folder, name: str, pixels, **cards) -> None:
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---CAR", "DEC--CAR"
    header["CRPIX1"], header["CRPIX2"], header["CDELT1"], header["CDELT2"] = 30.0, 20.0, -1.0, 1.0
    header.update(cards)
    fits.PrimaryHDU(pixels, header).writeto(folder / name, overwrite=True)


def layer(name: str, filename: str = "a.fits", *, index=None, **more):
    return {"layer_id": name, "name": name, "provider": {"filename": filename, "index": index}} | more


def holdings(*layers, title: str = "t", grants=(None, None, None), **more):
    band = {"name": "b", "grant": grants[2], "layers": list(layers)}
    made = {"name": "m", "grant": grants[1], "bands": [band]}
    return {"title": title, "map_groups": [{"name": "g", "grant": grants[0], "maps": [made]}]} | more


def pixels(configuration, name: str, access=ANONYMOUS):
    window = Window(0, 40, 0, 60)
    return configuration.holdings.layer(name, access).pyramid().region(window, 1 << 20).pixels[::-1]


def words_of(configuration, access=ANONYMOUS):
    tree = configuration.holdings.tree(access)
    return {
        entry["layer_id"]: entry
        for group in tree["map_groups"]
        for made in group["maps"]
        for band in made["bands"]
        for entry in band["layers"]
    }


def test_the_tree_is_there_before_any_file_is_opened(serve, opener, tmp_path) -> None:
    image(tmp_path, "a.fits", data(), BUNIT="mK")
    made = serve(holdings(layer("I", index=0, units="uK"), layer("cube"), layer("gone", "no.fits")), scan=False)
    assert opener.opened == []
    assert {name: (entry["status"], entry["units"]) for name, entry in words_of(made).items()} == {
        "I": ("ready", "uK"),
        "cube": ("ready", None),
        "gone": ("ready", None),
    }
    made.run()
    assert {name: (entry["status"], entry["units"]) for name, entry in words_of(made).items()} == {
        "I": ("ready", "uK"),
        "cube": ("ready", "mK"),
        "gone": ("unavailable", None),
    }
    assert words_of(made)["cube"]["cube"]["axes"][0]["length"] == 3
    assert sorted(opener.opened) == ["a.fits", "no.fits"]
    assert made.finished.is_set()
    assert made.first_layer.is_set()


def test_start_reads_the_headers_in_a_thread(serve, tmp_path) -> None:
    image(tmp_path, "a.fits", data())
    made = serve(holdings(layer("x")), scan=False)
    made.start()
    assert made.finished.wait(30)
    assert words_of(made)["x"]["cube"] is not None
    assert made.holdings.tree(ANONYMOUS)["scanning"] is False


def test_index_is_numpys(serve, tmp_path) -> None:
    cube = data()
    image(tmp_path, "a.fits", cube)
    image(tmp_path, "stokes.fits", cube, CTYPE3="STOKES", CRPIX3=1.0, CRVAL3=1.0, CDELT3=1.0)
    image(tmp_path, "deep.fits", cube.reshape(3, 1, 40, 60))
    image(tmp_path, "four.fits", np.stack([cube, cube + 100]))
    names = ["a", "stokes", "deep"]
    layers = [layer(f"{name}{k}", f"{name}.fits", index=k) for name in names for k in range(3)]
    last = [layer(f"{name}-last", f"{name}.fits", index=-1) for name in names]
    four = [layer("rest", "four.fits", index=1), layer("one", "four.fits", index=[1, 2])]
    made = serve(holdings(*layers, *last, *four, layer("negative", "four.fits", index=[-1, -2])))
    for name in names:
        np.testing.assert_array_equal(pixels(made, f"{name}-last"), cube[-1])
        for k in range(3):
            np.testing.assert_array_equal(pixels(made, f"{name}{k}"), cube[k])
            assert words_of(made)[f"{name}{k}"]["cube"] is None
    np.testing.assert_array_equal(pixels(made, "rest@2"), cube[2] + 100)
    np.testing.assert_array_equal(pixels(made, "one"), cube[2] + 100)
    np.testing.assert_array_equal(pixels(made, "negative"), cube[-2] + 100)
    assert made.problems == []


def test_a_component_is_chosen_by_its_letter(serve, tmp_path) -> None:
    cube = data()
    image(tmp_path, "s.fits", cube, CTYPE3="STOKES", CRPIX3=1.0, CRVAL3=1.0, CDELT3=1.0)
    provider = {"filename": "s.fits", "component": "u"}
    made = serve(holdings(layer("U", provider=provider), layer("I", "s.fits")))
    np.testing.assert_array_equal(pixels(made, "U"), cube[2])
    np.testing.assert_array_equal(pixels(made, "I"), cube[0])


def test_the_first_unit_with_an_image_is_the_default(serve, tmp_path) -> None:
    one, two = data(1, (40, 60)), data(2, (40, 60))
    units = [fits.PrimaryHDU(), fits.ImageHDU(one, name="SCI"), fits.CompImageHDU(two.astype(np.int16), name="MASK")]
    fits.HDUList(units).writeto(tmp_path / "m.fits")

    def chosen(name, **provider):
        return layer(name, provider={"filename": "m.fits"} | provider)

    made = serve(
        holdings(
            chosen("d"), chosen("two", hdu=2), chosen("name", hdu="mask"), chosen("none", hdu=0), chosen("x", hdu=9)
        )
    )
    np.testing.assert_array_equal(pixels(made, "d"), one)
    np.testing.assert_array_equal(pixels(made, "two"), two.astype(np.int16))
    np.testing.assert_array_equal(pixels(made, "name"), two.astype(np.int16))
    assert {problem.message for problem in made.problems} == {
        "m.fits: holds no image in HDU 0; there are some in HDU 1, 2.",
        "m.fits: holds no image in HDU 9; there are some in HDU 1, 2.",
    }
    assert words_of(made)["x"]["status"] == "unavailable"
    with pytest.raises(UnreadableFileError):
        made.holdings.layer("x", ANONYMOUS).pyramid()


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ({"index": 3}, "has 3 planes along AXIS3, none at index 3"),
        ({"index": [0, 1]}, "holds planes along AXIS3 only, and index [0, 1] asks for more"),
        ({"component": "Q"}, "holds no component 'Q'"),
    ],
)
def test_a_plane_that_is_not_there_is_a_problem_of_its_layer(serve, tmp_path, provider, words) -> None:
    image(tmp_path, "a.fits", data())
    made = serve(holdings(layer("good"), layer("bad", provider={"filename": "a.fits"} | provider)))
    assert {name: entry["status"] for name, entry in words_of(made).items()} == {"good": "ready", "bad": "unavailable"}
    (problem,) = made.problems
    assert words in problem.message


def test_problems_are_for_administrators_and_hold_no_path(serve, tmp_path) -> None:
    (tmp_path / "bad.fits").write_bytes(b"no FITS" * 1000)
    made = serve(holdings(layer("x", "no.fits"), layer("y", "bad.fits")))
    assert made.holdings.tree(ANONYMOUS)["problems"] == []
    told = made.holdings.tree(OWNER)["problems"]
    assert {problem["code"] for problem in told} == {"unreadable_file", "not_fits"}
    assert str(tmp_path) not in json.dumps(told)
    with pytest.raises(FileError) as caught:
        made.holdings.layer("x", ANONYMOUS).version  # noqa: B018
    assert str(tmp_path) not in caught.value.message


def test_a_missing_file_is_shown_once_it_is_there(serve, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    made = serve(holdings(layer("x", "late.fits", index=1)))
    assert words_of(made)["x"]["status"] == "unavailable"
    image(tmp_path, "late.fits", data())
    made.look_again()
    assert words_of(made)["x"]["status"] == "ready"
    assert made.problems == []
    (tmp_path / "late.fits").unlink()
    made.look_again()
    assert words_of(made)["x"]["status"] == "unavailable"


def test_what_is_configured_takes_the_place_of_what_is_chosen(serve, tmp_path) -> None:
    image(tmp_path, "a.fits", data(), BUNIT="mK")
    given = {"vmin": -7, "vmax": 9, "cmap": "plasma", "units": "uK", "quantity": "T (I)", "tile_size": 64}
    made = serve(
        holdings(
            layer("given", index=0, description="d", **given),
            layer("auto", index=0, vmin="auto", vmax=None),
            layer("half", index=0, vmin=1e6),
            layer("log", index=0, vmin=-1, vmax=1, stretch="log"),
        )
    )

    def told(name):
        return facts.describe(made.holdings.layer(name, ANONYMOUS))

    first, auto, half = told("given"), told("auto"), told("half")
    assert (first["range"], first["cmap"], first["stretch"]) == ([-7.0, 9.0], "plasma", "linear")
    assert (first["units"], first["quantity"], first["tile_size"], first["levels"]) == ("uK", "T (I)", 64, 1)
    assert (first["path"], first["description"]) == (["g", "m", "b"], "d")
    assert (auto["units"], auto["range_symmetric"], auto["tile_size"]) == ("mK", True, 128)
    assert half["range"][0] == 1e6 < half["range"][1]
    assert (told("log")["stretch"], told("log")["range_symmetric"]) == ("log", True)
    value = facts.value_at_pixel(made.holdings.layer("given", ANONYMOUS), 1, 1)
    assert value["units"] == "uK"
    assert len({told(name)["version"] for name in words_of(made)}) == 4


def test_tiles_have_the_size_of_their_layer(serve, tmp_path) -> None:
    image(tmp_path, "a.fits", data(1, (300, 300)))
    made = serve(holdings(layer("small", tile_size=64), layer("usual")))
    for name, side in (("small", 64), ("usual", 128)):
        found = made.holdings.layer(name, ANONYMOUS).pyramid()
        assert found.tile(TileKey(found.grid.levels - 1, 0, 0)).pixels.shape == (side, side)


def test_layers_of_one_file_share_it(serve, tmp_path, opener) -> None:
    image(tmp_path, "a.fits", data())
    image(tmp_path, "b.fits", data(2))
    ratio = {"providers": [{"filename": "a.fits", "index": 0}, {"filename": "./b.fits", "index": 0}]}
    made = serve(holdings(*(layer(f"l{k}", index=k) for k in range(3)), layer("r", provider=ratio)))
    pixels(made, "r")
    assert sorted(opener.opened) == ["a.fits", "b.fits"]


def combined(function: str, *providers):
    return {"provider_type": "combination", "function": function, "providers": list(providers)}


def test_combinations_are_layers(serve, tmp_path) -> None:
    a, b = data(1), data(2)
    image(tmp_path, "a.fits", a, BUNIT="K")
    image(tmp_path, "b.fits", b, BUNIT="K")
    inner = combined("-", {"filename": "a.fits", "index": 1}, {"layer_id": "b2"})
    made = serve(
        holdings(
            layer("b2", "b.fits", index=2, grant="secret"),
            layer("difference", provider=inner),
            layer("ratio", provider=combined("/", inner, {"filename": "b.fits", "index": 0}), units="1"),
            layer("alias", provider={"layer_id": "difference"}, vmin=0, vmax=1),
        )
    )
    np.testing.assert_array_equal(pixels(made, "difference"), a[1] - b[2])
    np.testing.assert_array_equal(pixels(made, "ratio"), (a[1] - b[2]) / b[0])
    np.testing.assert_array_equal(pixels(made, "alias"), a[1] - b[2])
    told = facts.describe(made.holdings.layer("ratio", ANONYMOUS))
    assert (told["units"], told["dtype"], told["projection"]) == ("1", "float32", "CAR")
    assert facts.describe(made.holdings.layer("difference", ANONYMOUS))["units"] == "K"
    with pytest.raises(NotFoundError):
        made.holdings.layer("b2", ANONYMOUS)
    counts = facts.histogram(made.holdings.layer("difference", ANONYMOUS), 16, exact=True)
    assert sum(counts["counts"]) == 2400


def test_a_combination_follows_its_files(serve, tmp_path) -> None:
    a, b = data(1, (40, 60)), data(2, (40, 60))
    image(tmp_path, "a.fits", a)
    image(tmp_path, "b.fits", b)
    made = serve(holdings(layer("sum", provider=combined("+", {"filename": "a.fits"}, {"filename": "b.fits"}))))
    before = made.holdings.layer("sum", ANONYMOUS).version
    np.testing.assert_array_equal(pixels(made, "sum"), a + b)
    image(tmp_path, "b.fits", b * 2)
    os.utime(tmp_path / "b.fits", ns=(1, 1))
    assert made.holdings.layer("sum", ANONYMOUS).version != before
    np.testing.assert_array_equal(pixels(made, "sum"), a + b * 2)


@pytest.mark.parametrize(
    ("shape", "cards", "words"),
    [((41, 60), {}, "must be equal"), ((40, 60), {"CRVAL1": 90.0}, "different places of the sky")],
)
def test_files_that_do_not_go_together_are_a_problem(serve, tmp_path, shape, cards, words) -> None:
    image(tmp_path, "a.fits", data(1, (40, 60)))
    image(tmp_path, "b.fits", data(2, shape), **cards)
    made = serve(holdings(layer("sum", provider=combined("+", {"filename": "a.fits"}, {"filename": "b.fits"}))))
    assert words in made.problems[0].message
    assert words_of(made)["sum"]["status"] == "unavailable"
    with pytest.raises(FileError, match=words):
        made.holdings.layer("sum", ANONYMOUS).pyramid().region(Window(0, 1, 0, 1), 10)
    image(tmp_path, "b.fits", data(2, (40, 60)))
    os.utime(tmp_path / "b.fits", ns=(1, 1))
    made.reload()
    assert made.problems == []
    assert words_of(made)["sum"]["status"] == "ready"


def test_a_combination_with_a_missing_file_says_which(serve, tmp_path) -> None:
    image(tmp_path, "a.fits", data())
    made = serve(holdings(layer("s", provider=combined("+", {"filename": "a.fits"}, {"filename": "no.fits"}))))
    assert made.problems[0].name == "no.fits"
    assert words_of(made)["s"]["status"] == "unavailable"


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_grant_at_any_level_hides_the_layer(serve, tmp_path, level) -> None:
    image(tmp_path, "a.fits", data())
    grants = [None] * 4
    grants[level] = "team"
    made = serve(holdings(layer("x", index=0, grant=grants[3]), grants=grants[:3]))
    team = Access(grants=frozenset({"team"}))
    assert list(words_of(made, team)) == ["x"]
    assert made.holdings.layer("x", team).version
    assert made.holdings.tree(ANONYMOUS)["map_groups"] == []
    with pytest.raises(NotFoundError) as denied:
        made.holdings.layer("x", ANONYMOUS)
    with pytest.raises(NotFoundError) as missing:
        made.holdings.layer("y", ANONYMOUS)
    assert denied.value.message.replace("'x'", "'y'") == missing.value.message


def test_a_slice_can_be_asked_for_before_the_file_was_looked_into(serve, tmp_path) -> None:
    cube = data()
    image(tmp_path, "a.fits", cube)
    made = serve(holdings(layer("x"), layer("gone", "no.fits")), scan=False)
    np.testing.assert_array_equal(pixels(made, "x@2"), cube[2])
    assert facts.describe(made.holdings.layer("x", ANONYMOUS))["cube"]["index"] == [0]
    for bad in ("x@3", "x@0,0"):
        with pytest.raises(NotFoundError) as early:
            made.holdings.layer(bad, ANONYMOUS).pyramid()
        made.run()
        with pytest.raises(NotFoundError) as later:
            made.holdings.layer(bad, ANONYMOUS)
        assert early.value.message == later.value.message


def test_boxes_and_catalogs_are_offered(serve, tmp_path) -> None:
    corners = {"top_left_ra": 9, "top_left_dec": 1, "bottom_right_ra": 3, "bottom_right_dec": 0}
    more = {
        "boxes": [{"name": "open"} | corners, {"name": "closed", "grant": "team"} | corners],
        "source_groups": [
            {"name": "inline", "sources": [{"ra": 1, "dec": 2}], "style": {"color": "red"}},
            {"name": "file", "provider": {"filename": "c.csv"}, "grant": "team"},
        ],
    }
    made = serve(holdings(**more))
    assert [box.box_id for box in made.holdings.boxes(ANONYMOUS)] == ["open"]
    assert [group.source_group_id for group in made.holdings.source_groups(ANONYMOUS)] == ["inline"]
    assert made.holdings.source_group("inline", ANONYMOUS).file.current()[0].count == 1
    assert made.holdings.tree(ANONYMOUS)["source_groups"][0]["style"]["color"] == "red"
    (tmp_path / "c.csv").write_text("name,ra,dec\na,1,2\nb,3,4\n")
    assert made.holdings.source_group("file", OWNER).file.current()[0].count == 2
    with pytest.raises(NotFoundError):
        made.holdings.source_group("file", ANONYMOUS)


def test_names_that_are_relative_to_another_folder_are_told_of(serve, tmp_path, monkeypatch, caplog) -> None:
    (tmp_path / "started").mkdir()
    image(tmp_path / "started", "a.fits", data())
    monkeypatch.chdir(tmp_path / "started")
    made = serve(holdings(layer("x"), layer("y", "b.fits")))
    assert "h.json: 1 files are not beside it, but where the program was started" in caplog.text
    assert len(made.problems) == 2


def test_a_missing_catalog_is_told_before_anybody_asks_for_it(serve, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    groups = [{"name": name, "provider": {"filename": f"{name}.csv"}} for name in ("there", "gone")]
    (tmp_path / "there.csv").write_text("ra,dec\n1,2\n")
    made = serve({"source_groups": groups})

    def statuses():
        return [group["status"] for group in made.holdings.tree(ANONYMOUS)["source_groups"]]

    assert statuses() == ["ready", "unavailable"]
    assert [problem.message for problem in made.problems] == ["gone.csv: there is no such file."]
    assert made.holdings.tree(ANONYMOUS)["problems"] == []
    (tmp_path / "gone.csv").write_text("ra,dec\n3,4\n")
    made.look_again()
    assert statuses() == ["ready", "ready"]
    assert made.problems == []
    (tmp_path / "there.csv").write_text("a,b,c,d\nx,2,3,4\n")
    with pytest.raises(FileError, match="none of its columns"):
        made.holdings.source_group("there", ANONYMOUS).file.current()
    made.look_again()
    assert statuses() == ["unavailable", "ready"]
    assert "none of its columns" in made.problems[0].message


def test_reading_again_keeps_what_did_not_change(serve, tmp_path, opener, monkeypatch) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    image(tmp_path, "a.fits", data())
    image(tmp_path, "b.fits", data(2))
    sources = {"source_groups": [{"name": "s", "sources": [{"ra": 1, "dec": 2}]}]}
    made = serve(holdings(layer("x", index=0), layer("y", "b.fits", index=0), **sources))
    files = {name: made.holdings.layer(name, ANONYMOUS).entry.file for name in "xy"}
    version, catalog = made.holdings.layer("x", ANONYMOUS).version, made.holdings.source_group("s", ANONYMOUS).file
    write(tmp_path, holdings(layer("new", index=1), layer("x", index=0, description="d"), title="later", **sources))
    assert made.is_due()
    made.look_again()
    assert sorted(words_of(made)) == ["new", "x"]
    found = made.holdings.layer("x", ANONYMOUS)
    assert found.entry.file is files["x"]
    assert (found.version, found.entry.description) == (version, "d")
    assert made.holdings.source_group("s", ANONYMOUS).file is catalog
    assert made.holdings.tree(ANONYMOUS)["title"] == "later"
    assert sorted(opener.opened) == ["a.fits", "b.fits"]
    with pytest.raises(NotFoundError):
        made.holdings.layer("y", ANONYMOUS)


def test_a_layer_that_shows_another_plane_has_another_version(serve, tmp_path) -> None:
    cube = data()
    image(tmp_path, "a.fits", cube)
    made = serve(holdings(layer("x", index=0)))
    before = made.holdings.layer("x", ANONYMOUS)
    np.testing.assert_array_equal(pixels(made, "x"), cube[0])
    write(tmp_path, holdings(layer("x", index=1)))
    made.reload()
    np.testing.assert_array_equal(pixels(made, "x"), cube[1])
    assert made.holdings.layer("x", ANONYMOUS).version != before.version
    np.testing.assert_array_equal(before.pyramid().region(Window(0, 40, 0, 60), 1 << 20).pixels[::-1], cube[0])


def test_files_that_are_not_used_any_more_are_closed_after_a_while(serve, tmp_path, monkeypatch) -> None:
    image(tmp_path, "a.fits", data())
    image(tmp_path, "b.fits", data())
    made = serve(holdings(layer("x"), layer("y", "b.fits")))
    leaving = made.holdings.layer("y", ANONYMOUS).entry.file
    closed = []
    monkeypatch.setattr(leaving, "close", lambda: closed.append(leaving))
    write(tmp_path, holdings(layer("x")))
    made.reload()
    assert closed == []
    now = live.time.monotonic()
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: now + live.GRACE_SECONDS + 1))
    made.reload()
    assert closed == [leaving]


@pytest.mark.parametrize("broken", ["{", '{"map_groups": 3}', None], ids=["cut", "wrong", "gone"])
def test_a_broken_new_file_keeps_the_old_one_serving_and_says_why(serve, tmp_path, broken, caplog) -> None:
    image(tmp_path, "a.fits", data())
    content = holdings(layer("x"))
    made = serve(content)
    if broken is None:
        (tmp_path / "h.json").unlink()
    else:
        write(tmp_path, broken)
    made.reload()
    assert list(words_of(made)) == ["x"]
    (problem,) = made.problems
    assert (problem.name, problem.code) == ("h.json", "configuration")
    assert made.holdings.tree(ANONYMOUS)["problems"] == []
    assert str(tmp_path) not in problem.message
    assert problem.message in caplog.text
    write(tmp_path, content)
    made.reload()
    assert made.problems == []


def test_a_broken_file_is_not_served_at_all_at_first(tmp_path) -> None:
    write(tmp_path, "{")
    with pytest.raises(ConfigurationError):
        open_configuration(tmp_path / "h.json", pyramid)


def test_requests_never_fail_while_the_file_is_read_again(serve, tmp_path) -> None:
    cube = data()
    image(tmp_path, "a.fits", cube)
    image(tmp_path, "b.fits", cube)
    sums = combined("+", {"filename": "a.fits", "index": 0}, {"filename": "b.fits", "index": 0})
    always = [layer("x", index=0), layer("sum", provider=sums)]
    made = serve(holdings(*always))
    failures, asked, done = [], [], threading.Event()

    def ask(name, expected) -> None:
        while not done.is_set():
            try:
                tile = made.holdings.layer(name, ANONYMOUS).pyramid().tile(TileKey(0, 0, 0)).pixels
                np.testing.assert_array_equal(tile[:40, :60][::-1], expected)
                assert {"x", "sum"} <= words_of(made).keys()
                asked.append(name)
            except Exception as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=ask, args=pair) for pair in (("x", cube[0]), ("sum", cube[0] * 2)) * 2]
    for thread in threads:
        thread.start()
    for number in range(50):
        more = [layer(f"n{number}", "b.fits", index=number % 3)] if number % 2 else []
        write(tmp_path, holdings(*always, *more, title=str(number)))
        made.reload()
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {"x", "sum"} == set(asked)
    assert made.holdings.tree(ANONYMOUS)["title"] == "49"


def test_roots_are_looked_at_again_when_a_file_is_opened(serve, tmp_path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    image(inside, "good.fits", data())
    image(tmp_path, "secret.fits", data())
    made = serve(holdings(layer("x", "in/good.fits"), layer("y", "in/link.fits")), scan=False, roots=(str(inside),))
    (inside / "link.fits").symlink_to(tmp_path / "secret.fits")
    made.run()
    assert {name: entry["status"] for name, entry in words_of(made).items()} == {"x": "ready", "y": "unavailable"}
    assert "outside" in made.problems[0].message


def test_an_address_that_does_not_answer_is_tried_once_a_minute(tmp_path, monkeypatch) -> None:
    asked, now = [], [0.0]
    monkeypatch.setattr(headers, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def opener(path):
        asked.append(path)
        raise UnreadableFileError("a.fits", "its server does not answer.")

    ratio = {"providers": [{"filename": "http://host/b.fits"}]}
    write(tmp_path, holdings(layer("x", "http://host/a.fits"), layer("y", provider=ratio)))
    made = open_configuration(tmp_path / "h.json", pyramid, opener=opener)
    for seconds, times in ((0.0, 2), (30.0, 2), (61.0, 4), (90.0, 4)):
        now[0] = seconds
        made.reload()
        assert len(asked) == times
        assert len(made.problems) == 2


def test_closing_gives_all_files_back(serve, tmp_path, opener) -> None:
    image(tmp_path, "a.fits", data())
    image(tmp_path, "b.fits", data())
    made = serve(holdings(layer("x"), layer("s", provider=combined("+", {"filename": "b.fits"}))))
    files = [made.holdings.layer("x", ANONYMOUS).entry.file]
    files += [part.file for part in made.holdings.layer("s", ANONYMOUS).entry.file.operands]
    made.holdings.close()
    assert [file._source for file in files] == [None, None]
