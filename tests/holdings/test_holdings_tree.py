"""Discovery, the gate, and files that change."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from armillary.errors import CorruptFileError, NotFoundError, UnreadableFileError
from armillary.holdings import ANONYMOUS, Access, discover
from armillary.holdings.access import OWNER
from armillary.images.plane import CubeAxis, PlaneStack, PlaneWords


class Source:
    """A source that only has a version: the file's content."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.closed = False

    @property
    def version(self) -> str:
        try:
            return self.path.read_text()
        except OSError:
            raise UnreadableFileError(self.path.name, "has vanished.") from None

    def close(self) -> None:
        self.closed = True


class Opener:
    """Opens fake files: their text names the stacks; counts how often."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def __call__(self, path: str):
        self.opened.append(path)
        source = Source(path)
        text = source.version
        if text == "corrupt":
            raise CorruptFileError(source.path.name, "is corrupt.")
        if text == "bug":
            raise ZeroDivisionError
        stacks = [
            PlaneStack(
                PlaneWords(name=name, hdu=number),
                (CubeAxis("FREQ", 3), CubeAxis("TIME", 2)) if name.startswith("cube") else (),
                lambda index, name=name: (name, index),
            )
            for number, name in enumerate(text.split())
        ]
        return source, SimpleNamespace(version=text, notes=(), stacks=stacks)


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def find(opener):
    def run(*paths):
        made = discover([os.fspath(p) for p in paths], lambda plane, identity: (plane, identity), opener=opener)
        made.run()
        return made

    return run


def files(tmp_path: Path, **content: str) -> Path:
    for name, text in content.items():
        (tmp_path / f"{name}.fits").write_text(text)
    return tmp_path


def ids(found) -> list[str]:
    return sorted(found.holdings.layer_ids())


def test_a_folder_is_searched_one_level_deep(tmp_path, find) -> None:
    files(tmp_path, a="one", b="one")
    (tmp_path / "deep").mkdir()
    files(tmp_path / "deep", c="one")
    (tmp_path / "x.txt").write_text("one")
    (tmp_path / ".hidden.fits").write_text("one")
    found = find(tmp_path)
    assert ids(found) == ["a", "b"]
    assert found.holdings.tree(ANONYMOUS)["title"] == tmp_path.name


def test_a_named_file_needs_no_suffix_and_a_pattern_is_expanded(tmp_path, find) -> None:
    files(tmp_path, m1="one", m2="one", other="one")
    (tmp_path / "named").write_text("one")
    assert ids(find(tmp_path / "named", tmp_path / "m*.fits")) == ["m1", "m2", "named"]


def test_what_is_named_twice_is_shown_once(tmp_path, find, opener) -> None:
    files(tmp_path, a="one")
    (tmp_path / "link.fits").symlink_to(tmp_path / "a.fits")
    assert ids(find(tmp_path / "a.fits", tmp_path, tmp_path / "*.fits")) == ["a"]
    assert len(opener.opened) == 1


def test_equal_names_get_numbers_in_the_order_of_the_paths(tmp_path, find) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        files(tmp_path / name, m="first")
    found = find(*(tmp_path / name for name in ("two", "one", "three")))
    paths = {name: found.holdings.layer(name, ANONYMOUS).entry.file.path for name in ids(found)}
    assert {name: Path(path).parent.name for name, path in paths.items()} == {"m": "two", "m-2": "one", "m-3": "three"}


def test_what_does_not_open_is_a_problem_and_the_rest_opens(tmp_path, find, caplog) -> None:
    files(tmp_path, good="one", broken="corrupt", odd="bug")
    found = find(tmp_path, tmp_path / "missing.fits", tmp_path / "no*.fits")
    assert ids(found) == ["good"]
    problems = {problem.name: (problem.code, problem.message) for problem in found.holdings.problems}
    assert problems["broken.fits"] == ("corrupt_file", "broken.fits: is corrupt.")
    assert problems["missing.fits"][0] == problems["no*.fits"][0] == "unreadable_file"
    assert problems["odd.fits"][0] == "unsupported_file"
    assert "ZeroDivisionError" in caplog.text
    assert not any(str(tmp_path) in message for _, message in problems.values())


def test_an_empty_folder_is_explained(tmp_path, find) -> None:
    (problem,) = find(tmp_path).holdings.problems
    assert "no FITS file" in problem.message


def test_slices_of_a_cube(tmp_path, find) -> None:
    holdings = find(files(tmp_path, c="cube")).holdings
    assert holdings.layer("c", ANONYMOUS).pyramid()[0] == ("cube", (0, 0))
    assert holdings.layer("c@2,1", ANONYMOUS).pyramid()[0] == ("cube", (2, 1))
    for bad in ("c@3,0", "c@0,2", "c@1", "c@0,0,0", "none", "c-2"):
        with pytest.raises(NotFoundError):
            holdings.layer(bad, ANONYMOUS)


def test_denied_and_missing_are_the_same_answer(tmp_path, find) -> None:
    holdings = find(files(tmp_path, a="one", secret="one")).holdings
    secret = next(m for m in holdings.groups[0].maps if m.name == "secret.fits")
    made = secret
    made.bands[0].grant = "collaboration"
    holdings.take_away(holdings.groups[0], made.map_id)
    with pytest.raises(NotFoundError) as missing:
        holdings.layer("secret", ANONYMOUS)
    holdings.put(holdings.groups[0], made)
    with pytest.raises(NotFoundError) as denied:
        holdings.layer("secret", ANONYMOUS)
    assert (denied.value.message, denied.value.detail) == (missing.value.message, missing.value.detail)
    assert "secret" not in str(holdings.tree(ANONYMOUS))
    member = Access(grants=frozenset({"collaboration"}))
    for access in (member, OWNER):
        assert holdings.layer("secret", access).id == "secret"
        assert "secret" in str(holdings.tree(access))


def test_a_file_is_opened_once_while_it_stays_the_same(tmp_path, find, opener) -> None:
    layer = find(files(tmp_path, a="one")).holdings.layer("a", ANONYMOUS)
    assert [layer.pyramid() for _ in range(3)] == [layer.pyramid()] * 3
    assert len(opener.opened) == 1


def test_a_changed_file_has_a_new_version_and_new_pyramids(tmp_path, find) -> None:
    layer = find(files(tmp_path, a="one")).holdings.layer("a", ANONYMOUS)
    before, pyramid = layer.version, layer.pyramid()
    (tmp_path / "a.fits").write_text("x")
    assert layer.version != before
    assert layer.pyramid()[0] == ("x", ())
    (tmp_path / "a.fits").write_text("one")
    assert (layer.version, layer.pyramid()) == (before, pyramid)


def test_a_file_that_loses_a_layer_says_so(tmp_path, find) -> None:
    layer = find(files(tmp_path, a="one two")).holdings.layer("a-1", ANONYMOUS)
    (tmp_path / "a.fits").write_text("one")
    with pytest.raises(UnreadableFileError, match=r"a\.fits: changed"):
        layer.pyramid()


def test_a_file_that_vanishes_or_breaks_recovers(tmp_path, find, opener) -> None:
    layer = find(files(tmp_path, a="one")).holdings.layer("a", ANONYMOUS)
    path = tmp_path / "a.fits"
    path.unlink()
    with pytest.raises(UnreadableFileError):
        layer.pyramid()
    path.write_text("corrupt")
    for _ in range(3):
        with pytest.raises(CorruptFileError):
            layer.pyramid()
    # What the bytes say is not read again before they change.
    assert len(opener.opened) == 3
    path.write_text("one")
    assert layer.pyramid()[0] == ("one", ())


def test_looking_again_finds_new_gone_changed_and_mended_files(tmp_path, find, monkeypatch) -> None:
    monkeypatch.setattr("armillary.holdings.discovery.RESCAN_SECONDS", 0.0)
    found = find(files(tmp_path, a="one", b="corrupt", c="one two"))

    def statuses() -> dict[str, str]:
        found.look_again()
        groups = found.holdings.tree(ANONYMOUS)["map_groups"]
        bands = [band for group in groups for entry in group["maps"] for band in entry["bands"]]
        return {layer["layer_id"]: layer["status"] for band in bands for layer in band["layers"]}

    assert statuses() == {"a": "ready", "c-0": "ready", "c-1": "ready"}
    version = found.holdings.tree(ANONYMOUS)["version"]
    assert found.holdings.tree(ANONYMOUS)["version"] == version
    (tmp_path / "a.fits").unlink()
    files(tmp_path, b="one", c="one two three", d="one")
    assert statuses() == {
        "a": "unavailable",
        "b": "ready",
        "c-0": "ready",
        "c-1": "ready",
        "c-2": "ready",
        "d": "ready",
    }
    assert found.holdings.tree(ANONYMOUS)["version"] != version
    assert [problem.name for problem in found.holdings.problems] == ["a.fits"]
    files(tmp_path, a="one")
    assert statuses()["a"] == "ready"
    assert found.holdings.problems == []


def test_pyramids_in_use_are_bounded(tmp_path, opener) -> None:
    from armillary.holdings.layers import Pyramids

    made = discover([os.fspath(files(tmp_path, c="cube"))], lambda plane, identity: object(), opener=opener)
    made.pyramids = Pyramids(lambda plane, identity: object(), 512, kept=2)
    made.run()
    layers = [made.holdings.layer(f"c@{k},0", ANONYMOUS) for k in range(3)]
    first, second, _ = (layer.pyramid() for layer in layers)
    assert layers[1].pyramid() is second
    assert layers[0].pyramid() is not first


def test_public_versions_tell_places_and_tile_sizes_apart(tmp_path, opener) -> None:
    versions = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files(tmp_path / name, a="same")
        for size in (256, 512):
            found = discover([os.fspath(tmp_path / name)], lambda *_: None, tile_size=size, opener=opener)
            found.run()
            versions.add(found.holdings.layer("a", ANONYMOUS).version)
    assert len(versions) == 4
