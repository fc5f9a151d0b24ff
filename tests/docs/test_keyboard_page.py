"""The page of keys says what the viewer's own table says."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINDING = re.compile(
    r'bind\(\s*"\w+",\s*"\w+",\s*\[(?P<keys>(?:"[^"]*"(?:,\s*)?)+)\],\s*"(?P<label>[^"]*)"(?:,\s*"(?P<shown>[^"]*)")?'
)
ROW = re.compile(r"^\| `(.+?)` \| (.+?) \|$", re.MULTILINE)


def viewer_keys():
    source = (ROOT / "viewer/src/app/keys.ts").read_text(encoding="utf-8")
    for found in BINDING.finditer(source):
        first = re.findall(r'"([^"]*)"', found["keys"])[0]
        yield found["shown"] or first, found["label"]


def test_every_key_is_on_the_page():
    page = ROW.findall((ROOT / "docs/how-to/keyboard.md").read_text(encoding="utf-8"))
    assert page == list(viewer_keys())
    assert len(page) > 20
