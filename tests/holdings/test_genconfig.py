"""Configurations of files: how names are taken apart, and that what is written is what ``open`` would show."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import ConfigurationError
from armillary.holdings.access import OWNER
from armillary.holdings.configuration import open_configuration, read_configuration
from armillary.holdings.discovery import discover
from armillary.holdings.genconfig import as_json, as_toml, check_free, generate, write_whole
from armillary.holdings.genconfig.grouping import relative_to
from armillary.holdings.genconfig.habits import Told, parse_names, product_of, title_of

NOTHING = Told()
ACT = "act_dr6.02_std_AA_day"


def taken_apart(*stems: str, told: Told = NOTHING) -> list[tuple[str, str, str]]:
    return [(title_of(p.key), p.band, p.stokes) for p in parse_names(stems, [told] * len(stems))]


@pytest.mark.parametrize(
    ("stem", "title", "band"),
    [
        (f"{ACT}_pa4_f150_4way_coadd_map", f"{ACT}_4way_coadd_map", "pa4 f150"),
        (f"{ACT}_pa5_f090_4way_coadd_map_srcfree", f"{ACT}_4way_coadd_map_srcfree", "pa5 f090"),
        (f"{ACT}_pa6_f090_4way_set0_ivar", f"{ACT}_4way_set0_ivar", "pa6 f090"),
        ("act_planck_dr5.01_s08s18_AA_f220_night_map", "act_planck_dr5.01_s08s18_AA_night_map", "f220"),
        ("sobs_2025_lat_i1_f093_coadd_map", "sobs_2025_lat_i1_coadd_map", "f093"),
        ("depth1_1697000000_c1_f280_map", "depth1_1697000000_c1_map", "f280"),
        ("HFI_SkyMap_100_2048_R3.01_full", "HFI_SkyMap_2048_R3.01_full", "100 GHz"),
        (
            "LFI_SkyMap_030-BPassCorrected_1024_R3.00_full",
            "LFI_SkyMap_BPassCorrected_1024_R3.00_full",
            "30 GHz",
        ),
        ("COM_CMB_IQU-commander_2048_R3.00_full", "COM_CMB_IQU-commander_2048_R3.00_full", ""),
        ("wmap_band_iqumap_r9_9yr_Q1_v5", "wmap_band_iqumap_r9_9yr_v5", "Q1"),
        ("wmap_band_imap_r9_9yr_Ka_v5", "wmap_band_imap_r9_9yr_v5", "Ka"),
        ("c4d_140116_084335_ooi_g_v1", "c4d_140116_084335_ooi_v1", "g"),
        ("c4d_140116_084335_ood_VR_v1", "c4d_140116_084335_ood_v1", "VR"),
        ("c4d_140116_084335_oow_Y_a1", "c4d_140116_084335_oow_a1", "Y"),
        ("legacysurvey-0959p805-image-g", "legacysurvey-0959p805-image", "g"),
        ("legacysurvey-0959p805-invvar-z", "legacysurvey-0959p805-invvar", "z"),
        ("calexp-HSC-G-9813-4,4", "calexp_9813-4,4", "HSC-G"),
        ("calexp-HSC-I2-9813-4,4", "calexp_9813-4,4", "HSC-I2"),
        ("HSC-0908120-056-small", "HSC-0908120-056-small", ""),
        ("reprojected_sdss_g", "reprojected_sdss", "g"),
        ("frame-u-006793-3-0130", "frame_006793-3-0130", "u"),
        ("hst_10265_01_acs_wfc_f814w_drz", "hst_10265_01_acs_wfc_drz", "F814W"),
        ("jw02731_nircam_F150W2_i2d", "jw02731_nircam_i2d", "F150W2"),
        ("unwise-0000m016-w1-img-m", "unwise-0000m016_img-m", "W1"),
        ("AIS_103-nd-int", "AIS_103_int", "NUV"),
        ("sky_090GHz", "sky", "90 GHz"),
        ("sky_1p4GHz_mosaic", "sky_mosaic", "1.4 GHz"),
        ("sky-353ghz-I", "sky", "353 GHz"),
        ("m31_Rband", "m31", "R"),
        ("m31_band-i_deep", "m31_deep", "i"),
        ("u_gal", "u_gal", ""),
        ("1904-66_AIT", "1904-66_AIT", ""),
        ("image_A", "image_A", ""),
        ("run_100", "run_100", ""),
        ("g", "g", ""),
        ("", "", ""),
        ("___", "", ""),
    ],
)
def test_a_name_is_taken_apart(stem: str, title: str, band: str) -> None:
    (found,) = taken_apart(stem)
    assert found[:2] == (title, band)


@pytest.mark.parametrize(
    ("stems", "parts"),
    [
        (("name_f090_I", "name_f090_Q"), [("name", "f090", "I"), ("name", "f090", "Q")]),
        (("map_I", "map_Q", "map_U"), [("map", "", "I"), ("map", "", "Q"), ("map", "", "U")]),
        (("map_t", "map_q", "map_u"), [("map", "", "I"), ("map", "", "Q"), ("map", "", "U")]),
        (("Q_map", "U_map"), [("map", "", "Q"), ("map", "", "U")]),
        (("ngc_B", "ngc_V", "ngc_I"), [("ngc", "B", ""), ("ngc", "V", ""), ("ngc", "I", "")]),
        (("u", "g", "r"), [("", "u", ""), ("", "g", ""), ("", "r", "")]),
        (("ngc_J", "ngc_H", "ngc_Ks"), [("ngc", "J", ""), ("ngc", "H", ""), ("ngc", "Ks", "")]),
        (("map_I",), [("map_I", "", "")]),
        (("a_1", "a_2"), [("a_1", "", ""), ("a_2", "", "")]),
        (("part_A", "part_B", "part_C"), [("part_A", "", ""), ("part_B", "", ""), ("part_C", "", "")]),
    ],
)
def test_letters_are_what_their_company_is(stems: tuple[str, ...], parts: list[tuple[str, str, str]]) -> None:
    assert taken_apart(*stems) == parts


@pytest.mark.parametrize(
    ("stem", "told", "expected"),
    [
        ("x_Q_y", Told(stokes="Q"), ("x_y", "", "Q")),
        ("x_B", Told(filter="B"), ("x", "B", "")),
        ("x_I", Told(filter="Cousins I"), ("x", "I", "")),
        ("x_100_map", Told(frequency="100"), ("x_map", "100 GHz", "")),
        ("x_100_map", Told(frequency="143 GHz"), ("x_100_map", "", "")),
        ("x_f090_I", Told(several=True), ("x_I", "f090", "")),
    ],
)
def test_headers_decide(stem: str, told: Told, expected: tuple[str, str, str]) -> None:
    assert taken_apart(stem, told=told) == [expected]


@pytest.mark.parametrize(
    ("stem", "product"),
    [
        (f"{ACT}_pa4_f150_4way_coadd_map", ""),
        (f"{ACT}_pa4_f150_4way_coadd_ivar", "inverse variance"),
        (f"{ACT}_pa4_f150_4way_set0_map_srcfree", "without point sources, set 0"),
        ("c4d_140116_084335_ood_g_v1", "data quality"),
        ("c4d_140116_084335_oow_g_v1", "weights"),
        ("legacysurvey-0959p805-maskbits", "mask"),
        ("remodelled", ""),
    ],
)
def test_products_are_named(stem: str, product: str) -> None:
    assert product_of(stem) == product


@given(st.lists(st.text(alphabet="IQUVgriab019_-. é", max_size=14), max_size=8))
def test_no_name_is_lost_and_order_does_not_matter(stems: list[str]) -> None:
    parsed = parse_names(stems, [NOTHING] * len(stems))
    assert len(parsed) == len(stems)
    again = parse_names(stems[::-1], [NOTHING] * len(stems))
    assert again[::-1] == parsed


def write(path: Path, shape: tuple[int, ...] = (8, 10), **cards: Any) -> None:
    seed = int.from_bytes(path.name.encode()[-6:], "big")
    data = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    header = fits.Header({"CTYPE1": "RA---CAR", "CTYPE2": "DEC--CAR", "CDELT1": -1.0, "CDELT2": 1.0} | cards)
    if len(shape) == 3 and "CTYPE3" not in cards:
        header["CTYPE3"] = "STOKES"
        header["CRVAL3"] = header["CRPIX3"] = 1.0
    fits.PrimaryHDU(data, header).writeto(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "maps"
    where.mkdir()
    for band in ("f090", "f150"):
        write(where / f"act_pa5_{band}_map.fits", (3, 8, 10), BUNIT="uK", TELESCOP="ACT")
        write(where / f"act_pa5_{band}_ivar.fits", BUNIT="uK-2")
    for letter in "UIQ":
        write(where / f"sky_f090_{letter}.fits", BUNIT="K")
    for letter in "zgr":
        write(where / f"field_{letter}.fits", OBJECT="Deep field", FILTER=letter)
    fits.HDUList([fits.PrimaryHDU()] + [fits.ImageHDU(np.ones((4, 5)), name=n) for n in ("SCI", "ERR")]).writeto(
        where / "hst.fits"
    )
    write(where / "cube.fits", (2, 3, 6, 7), CTYPE3="FREQ", CTYPE4="VELO")
    write(where / "field_g.fits.gz", OBJECT="Deep field", FILTER="g")
    return where


def maps_of(document: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    return {
        made["name"]: {band["name"]: [layer["name"] for layer in band["layers"]] for band in made["bands"]}
        for group in document["map_groups"]
        for made in group["maps"]
    }


def layers_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in document["map_groups"]:
        for made in group["maps"]:
            for band in made["bands"]:
                yield from band["layers"]


def test_files_become_maps_bands_and_layers(folder: Path) -> None:
    found = maps_of(generate([folder], str(folder)).document)
    assert found == {
        "act ivar": {"pa5 f090": ["Image"], "pa5 f150": ["Image"]},
        "act map": {"pa5 f090": ["I", "Q", "U"], "pa5 f150": ["I", "Q", "U"]},
        "cube": {"HDU 0": ["Image"]},
        "field": {"g": ["Image"], "r": ["Image"], "z": ["Image"]},
        "field g": {"g": ["Image"]},
        "hst": {"SCI": ["SCI"], "ERR": ["ERR"]},
        "sky": {"f090": ["I", "Q", "U"]},
    }


def test_words_of_the_headers_are_written(folder: Path) -> None:
    document = generate([folder], str(folder)).document
    described = {made["name"]: made["description"] for group in document["map_groups"] for made in group["maps"]}
    assert described["act ivar"] == "Inverse variance"
    assert described["act map"] == "ACT"
    assert described["field"] == "Deep field"
    layers = {layer["layer_id"]: layer for layer in layers_of(document)}
    assert layers["act_pa5_f090_map-Q"] == {
        "layer_id": "act_pa5_f090_map-Q",
        "name": "Q",
        "description": "Stokes Q",
        "provider": {"provider_type": "fits", "filename": "act_pa5_f090_map.fits", "hdu": 0, "index": 1},
        "quantity": "Q",
        "units": "uK",
        "vmin": "auto",
        "vmax": "auto",
    }
    assert layers["sky_f090_Q"]["quantity"] == "Q"
    assert "index" not in layers["cube"]["provider"]


def test_three_planes_of_a_microwave_map_are_stokes_parameters(tmp_path: Path) -> None:
    three = {"shape": (3, 6, 7), "CTYPE3": ""}
    write(tmp_path / "act_dr6_pa5_f090_map.fits", **three)
    write(tmp_path / "coadd.fits", BUNIT="uK", **three)
    write(tmp_path / "coadd-I.fits")
    write(tmp_path / "colours.fits", BUNIT="nanomaggy", **three)
    write(tmp_path / "four_f090.fits", (4, 6, 7), CTYPE3="")
    document = generate([tmp_path], str(tmp_path)).document
    layers = {layer["layer_id"]: layer for layer in layers_of(document)}
    assert sorted(layers) == [
        "act_dr6_pa5_f090_map-I",
        "act_dr6_pa5_f090_map-Q",
        "act_dr6_pa5_f090_map-U",
        "coadd-I",
        "coadd-I-2",
        "coadd-Q",
        "coadd-U",
        "colours",
        "four_f090",
    ]
    assert [layers[f"coadd-{word}"]["provider"].get("index") for word in ("I-2", "Q", "U", "I")] == [0, 1, 2, None]
    assert layers["coadd-Q"]["description"] == "Stokes Q"
    config = read_configuration(_written(tmp_path / "h.json", as_json(document)))
    assert config.warnings == ()
    made = open_configuration(tmp_path / "h.json", lambda *_: None)  # type: ignore[arg-type, return-value]
    made.run()
    assert made.problems == []


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def plain_discovery(path: Path) -> Any:
    found = discover([path], lambda *_: None)  # type: ignore[arg-type, return-value]
    found.run()
    return found.holdings


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_what_is_written_is_read_without_a_warning(folder: Path, suffix: str) -> None:
    made = generate([folder], str(folder.parent))
    path = folder.parent / f"holdings{suffix}"
    path.write_text((as_toml if suffix == ".toml" else as_json)(made.document), encoding="utf-8")
    read = read_configuration(path)
    assert read.warnings == ()
    opened = plain_discovery(folder)
    planes = {}
    for layer in read.layers():
        provider: Any = layer.provider
        source = opened.layer(layer.layer_id, OWNER).entry
        image, _ = source.file.current()
        assert os.path.samefile(provider.filename, source.file.path)
        mine, theirs = provider.selector.stack(image), source.stack(image)
        assert mine.axes == theirs.axes
        index = (0,) * len(mine.axes)
        assert np.array_equal(*(stack.plane(index).mapped() is None or np.array(stack.plane(index).mapped().stored)
                                for stack in (mine, theirs)))  # fmt: skip
        planes[layer.layer_id] = mine
    assert set(planes) == set(opened.layer_ids())
    assert len(planes) == made.layers
    opened.close()


def test_catalogs_become_source_groups(folder: Path) -> None:
    (folder / "stars.csv").write_text("name,ra,dec\na,1,2\nb,3,4\n")
    (folder / "list.json").write_text('[{"name": "x", "ra": 1, "dec": 2, "extra": null}]')
    (folder / "notes.csv").write_text("time,flux\n1,2\n")
    made = generate([folder], str(folder))
    assert (made.catalogs, made.problems) == (2, ())
    path = folder / "holdings.json"
    path.write_text(as_json(made.document), encoding="utf-8")
    assert read_configuration(path).warnings == ()
    served = open_configuration(path, lambda *_, **__: None)  # type: ignore[arg-type, return-value]
    counts = {g.source_group_id: g.file.current()[0].count for g in served.holdings.source_groups(OWNER)}
    assert counts == {"list": 1, "stars": 2}
    # The configuration in the folder is no catalog.
    assert generate([folder], str(folder)).document == made.document


def test_catalogs_alone_need_no_map(tmp_path: Path) -> None:
    (tmp_path / "stars.csv").write_text("name,ra,dec\na,1,2\n")
    made = generate([tmp_path], str(tmp_path))
    assert (made.layers, made.maps, made.catalogs) == (0, 0, 1)
    assert made.document["map_groups"] == []


def test_the_same_files_give_the_same_text(folder: Path) -> None:
    texts = {as_json(generate([folder], str(folder)).document) for _ in range(3)}
    assert len(texts) == 1
    assert json.loads(texts.pop())["boxes"] == []


def test_ids_are_unique(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for band in ("g", "r"):
            write(tmp_path / name / f"sky_{band}.fits")
        write(tmp_path / name / "sky.fits")
    document = generate([tmp_path / "a", tmp_path / "b"], str(tmp_path)).document
    maps = [made for group in document["map_groups"] for made in group["maps"]]
    bands = [band for made in maps for band in made["bands"]]
    for things, key in ((maps, "map_id"), (bands, "band_id"), (list(layers_of(document)), "layer_id")):
        ids = [thing[key] for thing in things]
        assert len(set(ids)) == len(ids)
    assert len(list(layers_of(document))) == 6


def test_broken_files_are_told_and_left_out(folder: Path) -> None:
    (folder / "broken.fits").write_bytes(b"nothing" * 600)
    made = generate([folder, folder / "gone.fits"], str(folder))
    assert [problem.split(":")[0] for problem in made.problems] == ["broken.fits", "gone.fits"]
    assert made.layers == len(list(layers_of(made.document))) > 0


def test_a_path_that_is_no_text_is_left_out(folder: Path) -> None:
    try:
        os.rename(os.fsencode(folder / "cube.fits"), os.fsencode(folder) + b"/cube\xff.fits")
    except OSError:
        pytest.skip("this file system takes text only")
    made = generate([folder], str(folder))
    assert [problem.split(":")[0] for problem in made.problems] == ["cube\\udcff.fits"]
    as_json(made.document).encode()


@pytest.mark.parametrize(
    ("folder", "path", "shown"),
    [
        ("/data/x", "/data/x/a.fits", "a.fits"),
        ("/data/x", "/data/x/y/a.fits", "y/a.fits"),
        ("/data/x", "/data/z/a.fits", "../z/a.fits"),
        ("/data/x", "/other/a.fits", "/other/a.fits"),
        ("/", "/other/a.fits", "other/a.fits"),
        ("/data", "https://x.example/a.fits", "https://x.example/a.fits"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
def test_paths_are_relative_where_that_is_short(folder: str, path: str, shown: str) -> None:
    assert relative_to(folder)(path) == shown


TEXTS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
SCALARS = TEXTS | st.integers(-(2**60), 2**60) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_toml_says_what_the_document_says(document: dict[str, Any]) -> None:
    assert tomllib.loads(as_toml(document)) == document


def test_a_file_is_written_whole_and_never_over_another(tmp_path: Path) -> None:
    path = str(tmp_path / "h.json")
    check_free(path, force=False)
    write_whole(path, "one", force=False)
    with pytest.raises(ConfigurationError, match=r"h\.json: exists already\. Use --force"):
        write_whole(path, "two", force=False)
    assert Path(path).read_text() == "one"
    write_whole(path, "three", force=True)
    assert Path(path).read_text() == "three"
    assert os.listdir(tmp_path) == ["h.json"]


def test_what_a_link_leads_to_is_written(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    link.symlink_to(real)
    with pytest.raises(ConfigurationError, match="exists"):
        check_free(str(link), force=False)
    write_whole(str(link), "new", force=True)
    assert link.is_symlink()
    assert real.read_text() == "new"


@pytest.mark.parametrize(("name", "words"), [("folder", "is a folder"), ("none/h.json", "its folder is not there")])
def test_where_nothing_can_be_written_it_is_said(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match=words):
        check_free(str(tmp_path / name), force=True)
