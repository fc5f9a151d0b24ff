"""HATS catalogs on web servers: by ranges, nothing whole but words; where they end, and when they change."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from conftest_viewing import ROWS, named, split_in_files, within_cone

from armillary.catalogs.catalog import Catalog
from armillary.catalogs.drawing import Wish
from armillary.catalogs.viewing import gathering
from armillary.catalogs.viewing.catalog import SkyCatalog
from armillary.catalogs.viewing.far_folders import WebFolder
from armillary.catalogs.viewing.points import draw_of_sky
from armillary.catalogs.viewing.rows import page_of, rows_within
from armillary.catalogs.views import Cone
from armillary.errors import CorruptFileError, FileError, UnsupportedFileError
from armillary.holdings import discover
from armillary.holdings.access import OWNER
from armillary.holdings.catalogs import offered_file
from armillary.holdings.sky_folders import is_sky_folder, shown_name
from armillary.images.pyramid import Pyramid
from armillary.storage import remote


class Ranges(http.server.BaseHTTPRequestHandler):
    """Files of a folder, by ranges; counts the bytes that it gives."""

    folder: ClassVar[Path]
    given: ClassVar[int] = 0
    protocol_version = "HTTP/1.1"

    def answer(self, *, body: bool) -> None:
        path = self.folder / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        stat = path.stat()
        first, last, status = 0, len(data) - 1, 200
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes="):
            low, _, high = asked.removeprefix("bytes=").partition("-")
            first, last, status = int(low), min(int(high or last), last), 206
        part = data[first : last + 1]
        self.send_response(status)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("ETag", f'"{stat.st_ino}-{stat.st_mtime_ns}-{len(data)}"')
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.end_headers()
        if body:
            type(self).given += len(part)
            self.wfile.write(part)

    def do_GET(self) -> None:
        self.answer(body=True)

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def log_message(self, *_words: Any) -> None:
        """Nothing."""


@pytest.fixture
def site(tmp_path: Path, sky_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a folder that holds a copy of the catalog."""
    monkeypatch.setattr(remote, "VERSION_AGE_S", 0.0)
    shutil.copytree(sky_folder, tmp_path / "site/objects")
    Ranges.folder, Ranges.given = tmp_path / "site", 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ranges)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


def opened_at(address: str) -> SkyCatalog:
    catalog, _ = offered_file(address).current()
    assert not isinstance(catalog, Catalog)
    return catalog


def test_it_is_looked_at_like_a_local_one(site: str, looked_at: pa.Table) -> None:
    address = f"{site}/objects/hats.properties"
    assert is_sky_folder(address)
    assert shown_name(address) == "objects"
    sky = opened_at(address)
    assert sky.count == ROWS
    rows, _ = rows_within(sky, 83.6, -5.4, 1.0, ROWS)
    assert named(sky, rows) == within_cone(looked_at, 83.6, -5.4, 1.0)
    found = draw_of_sky(sky, Cone(0, 90, 1.0), Wish(1000))
    assert named(sky, found.rows) == within_cone(looked_at, 0, 90, 1.0)
    from armillary.catalogs.selection import Selection

    assert page_of(sky, Selection(), None, 11_990, 100)[1] == ROWS


def test_it_is_found_by_its_address(site: str) -> None:
    found = discover([f"{site}/objects/hats.properties"], lambda plane, identity: Pyramid(plane, identity=identity))
    found.run()
    assert found.holdings.problems == []
    assert [group["source_group_id"] for group in found.holdings.tree(OWNER)["source_groups"]] == ["objects"]
    gone = discover([f"{site}/gone/hats.properties"], lambda plane, identity: Pyramid(plane, identity=identity))
    gone.run()
    (problem,) = gone.holdings.problems
    assert "\n" not in problem.message


def test_a_collection_leads_to_its_catalog(site: str, looked_at: pa.Table) -> None:
    (Ranges.folder / "collection.properties").write_text("obs_collection=all\nhats_primary_table_url=objects\n")
    sky = opened_at(f"{site}/collection.properties")
    rows, _ = rows_within(sky, 200, 40, 8.0, ROWS)
    assert named(sky, rows) == within_cone(looked_at, 200, 40, 8.0)


@pytest.mark.parametrize("primary", ["/etc", "file:///etc", "s3://bucket/catalog"])
def test_it_leads_nowhere_else(site: str, primary: str) -> None:
    (Ranges.folder / "collection.properties").write_text(f"hats_primary_table_url={primary}\n")
    with pytest.raises(UnsupportedFileError, match="names a part of it that is no web address"):
        opened_at(f"{site}/collection.properties")


def test_roots_hold_for_addresses(site: str) -> None:
    (Ranges.folder / "collection.properties").write_text(f"hats_primary_table_url={site}/objects\n")
    address = f"{site}/collection.properties"
    offered = offered_file(address, allows=lambda path: path == address)
    with pytest.raises(FileError, match="lies outside the folders that are allowed"):
        offered.current()


def test_only_what_is_needed_is_sent(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "BLOCK_BYTES", 4096)
    whole = sum(path.stat().st_size for path in Ranges.folder.rglob("*.parquet"))
    sky = opened_at(f"{site}/objects/hats.properties")
    rows_within(sky, 83.6, -5.4, 0.05, ROWS)
    assert Ranges.given < whole / 2


def test_many_partitions_are_left_to_the_picture(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_OPENED_FAR", 3)
    sky = opened_at(f"{site}/objects/hats.properties")
    found = draw_of_sky(sky, Cone(0, 0, 180), Wish(100))
    assert (len(found.rows), found.total) == (100, ROWS)


def test_changes_and_losses_are_noticed(site: str) -> None:
    offered = offered_file(f"{site}/objects/hats.properties")
    catalog, version = offered.current()
    words = Ranges.folder / "objects/hats.properties"
    words.write_text(words.read_text().replace(f"hats_nrows={ROWS}", "hats_nrows=5"))
    changed, later = offered.current()
    assert later != version
    assert (changed.count, catalog.count) == (5, ROWS)
    shutil.rmtree(Ranges.folder / "objects/dataset/Norder=0", ignore_errors=True)
    words.unlink()
    with pytest.raises(FileError) as caught:
        offered.current()
    assert "127.0.0.1" not in caught.value.message


def test_a_missing_partition_is_named(site: str) -> None:
    for path in list(Ranges.folder.rglob("*.parquet")):
        path.unlink()
    sky = opened_at(f"{site}/objects/hats.properties")
    with pytest.raises(FileError, match=r"Npix=\d+\.parquet"):
        rows_within(sky, 83.6, -5.4, 1.0, ROWS)


def test_files_of_partitions_are_those_that_the_metadata_name(site: str, looked_at: pa.Table) -> None:
    split_in_files(Ranges.folder / "objects", Ranges.folder / "split")
    sky = opened_at(f"{site}/split/hats.properties")
    rows, _ = rows_within(sky, 83.0, -5.0, 20.0, ROWS)
    assert named(sky, rows) == within_cone(looked_at, 83.0, -5.0, 20.0)
    assert len(sky.partition(0).files) == 2
    (Ranges.folder / "split/dataset/_metadata").write_bytes(b"PAR1 is what it is not")
    with pytest.raises(CorruptFileError, match=r"^_metadata: is not a Parquet file"):
        opened_at(f"{site}/split/hats.properties").partition(0)
    (Ranges.folder / "split/dataset/_metadata").unlink()
    with pytest.raises(FileError, match=r"Npix=\d+: its files are not listed here"):
        opened_at(f"{site}/split/hats.properties").partition(0)


def test_a_web_folder_lists_nothing(site: str) -> None:
    folder = WebFolder(f"{site}/objects")
    assert folder.is_folder()
    assert folder.exists("skymap.fits")
    assert not folder.exists("nothing")
    assert folder.size("hats.properties") == len(folder.read("hats.properties"))
    with pytest.raises(UnsupportedFileError, match="lists no files"):
        list(folder.files())
