"""The tutorial of catalogs: every command and every line of Python in it runs."""

import re
import shlex
from pathlib import Path

import pyarrow.parquet as pq

from armillary.cli.main import main

PAGE = (Path(__file__).resolve().parents[2] / "docs/tutorials/catalogs-hats.md").read_text(encoding="utf-8")


def test_the_tutorial_runs(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    told = ""
    for language, text in re.findall(r"```(sh|python)\n(.*?)```", PAGE, re.DOTALL):
        if language == "python":
            exec(compile(text, "tutorial", "exec"), {})
            continue
        for line in text.strip().splitlines():
            words = shlex.split(line)
            assert words[0] == "armillary"
            assert main(words[1:]) == 0, line
            told += (out := capfd.readouterr().out)
            assert out, line
    assert "good; " in told
    pairs = pq.read_table("pairs.parquet")
    assert (pairs["id"].to_numpy() == pairs["source"].to_numpy()).mean() > 0.99
    assert 8000 < len(pairs) < 10_000
    assert capfd.readouterr().out.split()[-1] == str(len(pairs))
