"""``armillary catalog``: from a table to a cross-match on the command line; what it says, and its exit status."""

from __future__ import annotations

import csv
import io
import json
import re
import socketserver
import threading

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import armillary.catalogs
from armillary.catalogs.front import Running, settled
from armillary.catalogs.margins.arguments import MarginArguments
from armillary.cli.main import main
from armillary.errors import ParameterError, UsageError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of stars, its catalog, margin, index and collection: made by the command."""
    top = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(5)
    table = pa.table({"star": np.arange(2000), "ra": rng.uniform(0, 360, 2000), "dec": rng.uniform(-80, 80, 2000)})
    pyarrow.csv.write_csv(table, top / "stars.csv")
    where = ["--output-path", str(top), "--progress-bar", "none"]
    made = [
        ["import", str(top / "stars.csv"), "--output-artifact-name", "stars", "--pixel-threshold", "300", *where],
        ["margin", str(top / "stars"), "--output-artifact-name", "near", "--margin-threshold", "900", *where],
        ["index", str(top / "stars"), "--indexing-column", "star", "--output-artifact-name", "by_star", *where],
        ["collection", str(top), "--primary", "stars", "--margins", "near", "--indexes", "by_star", "--name", "all"],
    ]
    for arguments in made:
        assert main(["catalog", *arguments]) == 0
    return top


def run(capfd, *arguments):
    status = main(["catalog", *map(str, arguments)])
    said = capfd.readouterr()
    return status, said.out, said.err


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_what_was_made_is_said(folder, capfd, tmp_path):
    status, out, err = run(
        capfd, "import", folder / "stars.csv", "--output-path", tmp_path, "--output-artifact-name", "again",
        "--pixel-threshold", 300, "--compression-level", 1, "--addl-hats-properties", "obs_title=Some stars",
        "--progress-bar", "plain", "--margin-threshold", 20, "--create-thumbnail",
    )  # fmt: skip
    assert status == 0
    assert re.fullmatch(rf"{tmp_path}/again: 2,000 rows in \d+ partitions\n", out)
    assert "threads of this process" in err
    assert re.search(r"^write: 2,000 of 2,000 rows in [\d.]+ s$", err, re.MULTILINE)
    assert armillary.catalogs.open_catalog(tmp_path / "again").properties["obs_title"] == "Some stars"
    assert (tmp_path / "again" / "dataset" / "data_thumbnail.parquet").exists()


def test_progress_for_programs(folder, capfd, tmp_path):
    status, _, err = run(
        capfd, "margin", folder / "stars", "--output-path", tmp_path, "--output-artifact-name", "m",
        "--progress-bar", "json",
    )  # fmt: skip
    events = [json.loads(line) for line in err.splitlines()]
    assert status == 0
    assert [event["stage"] for event in events if event["event"] == "end"] == ["select", "write"]


def test_search_on_standard_output(folder, capfd):
    status, out, err = run(capfd, "search", folder, "--cone", 10, "-5e-1", 36000, "--columns", "star,ra,dec")
    assert (status, err) == (0, "")
    found = rows_of(out)
    table = pyarrow.csv.read_csv(folder / "stars.csv")
    one = np.radians([[10.0, -0.5]])
    two = np.radians(np.stack([table["ra"].to_numpy(), table["dec"].to_numpy()], axis=-1))
    cosine = np.sin(one[:, 1]) * np.sin(two[:, 1]) + np.cos(one[:, 1]) * np.cos(two[:, 1]) * np.cos(
        one[:, 0] - two[:, 0]
    )
    expected = set(np.flatnonzero(cosine >= np.cos(np.radians(10.0))).tolist())
    assert {int(row["star"]) for row in found} == expected != set()
    counted = run(capfd, "search", folder, "--cone", 10, -0.5, 36000, "--count")
    assert counted == (0, f"{len(expected)}\n", "")
    limited = run(capfd, "search", folder, "--box", 350, 10, -20, 20, "--limit", 3, "--filters", "star > 5")
    assert len(rows_of(limited[1])) == 3
    polygon = run(capfd, "search", folder, "--polygon", 0, 0, 40, 0, 20, 40, "--columns", "star")
    assert len(rows_of(polygon[1])) > 5


def test_crossmatch_to_a_file(folder, capfd, tmp_path):
    out = tmp_path / "pairs.parquet"
    status, said, _ = run(
        capfd, "crossmatch", folder / "stars", folder, "--radius", 600, "--n-neighbors", 2, "--output", out,
        "--right-columns", "star", "--left-columns", "star", "--suffixes", "", "_near",
    )  # fmt: skip
    table = pq.read_table(out)
    assert status == 0
    assert said == f"{out}: {len(table):,} rows\n"
    assert table.schema.names == ["star", "star_near", "_dist_arcsec"]
    first = table.filter(pa.compute.equal(table["_dist_arcsec"], 0.0))
    assert len(first) == 2000
    assert run(capfd, "crossmatch", folder, folder, "--output", out)[0] == 1
    shown = run(capfd, "crossmatch", folder / "stars", folder, "--left-columns", "star", "--right-columns", "ra")
    assert rows_of(shown[1])[0].keys() == {"star", "ra", "_dist_arcsec"}


def test_a_missing_margin_is_told_once(folder, capfd, tmp_path):
    _, _, err = run(capfd, "crossmatch", folder / "stars", folder / "stars", "--output", tmp_path / "x.csv")
    assert err.count("stars has no margin") == 1


def test_verify_says_what_is_wrong(folder, capfd, tmp_path):
    status, out, _ = run(capfd, "verify", folder, "--progress-bar", "none")
    assert status == 0
    assert out.startswith("all (collection): good") or ": good;" in out
    run(capfd, "convert", folder / "stars", "--output-path", tmp_path, "--output-artifact-name", "bad")
    (tmp_path / "bad" / "partition_info.csv").unlink()
    status, out, _ = run(capfd, "verify", tmp_path / "bad", "--full")
    assert status == 1
    assert out.splitlines()[0] == "partition_info.csv: is missing"
    status, out, _ = run(capfd, "verify", tmp_path / "bad", "--json", "--sample", 2)
    report = json.loads(out)
    assert (status, report["good"], report["faults"][0]["where"]) == (1, False, "partition_info.csv")


def test_info_for_people_and_programs(folder, capfd):
    status, out, _ = run(capfd, "info", folder)
    assert status == 0
    assert "margin: near, 900 arcseconds\nindex: by_star, of star\n" in out
    assert "rows: 2,000" in out
    info = json.loads(run(capfd, "info", folder / "near", "--json")[1])
    assert info["margin_threshold_arcsec"] == 900.0


BAD = [
    (["search", "nothing", "--cone", "1", "2", "3"], "nothing: is no catalog"),
    (["search", "{}", "--cone", "1", "95", "3"], "cone: declinations are from -90 to 90"),
    (["search", "{}", "--polygon", "1", "2", "3"], "--polygon: 3 numbers"),
    (["search", "{}", "--filters", "no < 1"], "filters: stars has no column 'no'"),
    (["search", "{}", "--moc", "no.fits"], "no.fits: is not there"),
    (["search", "{}", "--dask-n-workers", "2"], "--dask-n-workers: it is for rows that go to a file: give --output"),
    (
        ["margin", "{}", "--output-path", "x", "--output-artifact-name", "m", "--margin-threshold", "0"],
        "margin_threshold",
    ),
    (["margin", "{}", "--output-path", "{}", "--output-artifact-name", "near"], "there is a catalog already"),
    (["margin", "{}", "--output-path", "{}", "--output-artifact-name", "stars", "--overwrite"], "its input lies there"),
    (["import", "no.csv", "--output-path", "x", "--output-artifact-name", "m"], "no.csv"),
    (["convert", "{}", "--output-path", "x", "--output-artifact-name", "m", "--dask-n-workers", "0"], "dask_n_workers"),
    (["convert", "{}", "--output-path", "x", "--output-artifact-name", "m", "--dask-tmp", "t"], "need dask_n_workers"),
    (
        ["convert", "{}", "--output-path", "x", "--output-artifact-name", "m", "--addl-hats-properties", "a"],
        "NAME=VALUE",
    ),
    (["info", "{}", "--input-storage-options", "nothing.json"], "neither a JSON object nor a file"),
    (["collection", "{}", "--primary", "near"], "there is a collection already"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_failures_are_explained_in_one_line(folder, capfd, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    given = [str(folder) if argument == "{}" else argument for argument in arguments]
    status, out, err = run(capfd, *given)
    lines = [line for line in err.splitlines() if line.startswith("armillary: ")]
    assert (status, out) == (1, "")
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [[], ["search"], ["import", "x"], ["search", "x", "--cone", "1"], ["no"]])
def test_wrong_usage_of_catalog_ends_with_2(arguments):
    with pytest.raises(SystemExit, match="2"):
        main(["catalog", *arguments])


class _Post(socketserver.StreamRequestHandler):
    """Takes letters."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        data = False
        for line in self.rfile:
            self.server.lines.append(line.decode())
            if data:
                if line == b".\r\n":
                    data = False
                    self.wfile.write(b"250 taken\r\n")
                continue
            word = line[:4].upper()
            data = word == b"DATA"
            self.wfile.write({b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(word, b"250 ok\r\n"))
            if word == b"QUIT":
                return


@pytest.fixture
def post(monkeypatch):
    with socketserver.TCPServer(("127.0.0.1", 0), _Post) as server:
        server.lines = []
        monkeypatch.setenv("ARMILLARY_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("ARMILLARY_SMTP_PORT", str(server.server_address[1]))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_letters_at_the_end_and_after_failures(folder, capfd, tmp_path, post):
    common = ["--output-path", tmp_path, "--progress-bar", "none", "--completion-email-address", "me@example.org"]
    assert run(capfd, "margin", folder / "stars", "--output-artifact-name", "m", *common)[0] == 0
    assert any("Subject: Armillary: margin m is done" in line for line in post.lines)
    post.lines.clear()
    assert run(capfd, "margin", folder / "stars", "--output-artifact-name", "m", *common)[0] == 1
    assert any("Subject: Armillary: margin m failed" in line for line in post.lines)
    assert any("there is a catalog already" in line for line in post.lines)


def test_python_takes_arguments_by_name_or_held(folder, tmp_path):
    words = {"input_catalog_path": folder / "stars", "output_path": tmp_path, "margin_threshold": 30.0}
    one = armillary.catalogs.make_margin(**words, output_artifact_name="one")
    two = armillary.catalogs.make_margin(MarginArguments(**words, output_artifact_name="two"), progress_bar=False)
    assert one.rows == two.rows
    with pytest.raises(UsageError, match="threshold: there is no such argument"):
        settled(MarginArguments, None, {**words, "threshold": 1.0})
    with pytest.raises(UsageError, match="output_artifact_name"):
        settled(MarginArguments, None, dict(words))
    with pytest.raises(UsageError, match="beside"):
        settled(MarginArguments, MarginArguments(**words, output_artifact_name="x"), {"margin_threshold": 1.0})
    with pytest.raises(ParameterError, match="progress_bar"):
        Running(progress_bar="loud")
    assert Running(progress_bar=True).form == "auto"


def test_the_front_door_has_what_it_names():
    for name in armillary.catalogs.__all__:
        assert callable(getattr(armillary.catalogs, name))
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = armillary.catalogs.nothing_such
