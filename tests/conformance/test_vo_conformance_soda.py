"""SODA 1.0 and DALI 1.1, line by line, against a real server."""

from __future__ import annotations

import io

import numpy as np
import pytest
import requests
from astropy.io import fits
from astropy.wcs import WCS
from conftest_xsd import children, valid
from vo_archive import DEC, RA, Archive
from vo_tools import Served

pytestmark = pytest.mark.filterwarnings("ignore:'datfix'")
LABELS = (
    "UsageError",
    "MultiValuedParamNotSupported",
    "AuthenticationError",
    "AuthorizationError",
    "ServiceUnavailable",
    "Error",
)
PLACE = f"{RA} {DEC}"


def sync(served: Served, *pairs: tuple[str, str]) -> requests.Response:
    """A cutout of the exposure."""
    given = pairs if any(name == "ID" for name, _ in pairs) else (("ID", "exposure"), *pairs)
    return served.get("soda/sync", params=given)


def pixels(answer: requests.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    with fits.open(io.BytesIO(answer.content)) as hdus:
        return np.array(next(hdu.data for hdu in hdus if hdu.data is not None))


def refused(answer: requests.Response, label: str, status: range = range(400, 500)) -> None:
    """An error as the standard has it: a word, then a line; no path, no traceback."""
    assert answer.status_code in status, answer.text[:300]
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith(label)
    assert answer.text.startswith(LABELS)
    assert len(answer.text.strip().splitlines()) == 1
    assert "Traceback" not in answer.text
    assert "/tmp" not in answer.text


def test_services_are_siblings_of_capabilities(served: Served) -> None:
    root = valid(served.get("soda/capabilities").content)
    found = {}
    for capability in root.iter("{*}capability"):
        found[capability.get("standardID")] = [url.text for url in capability.iter("{*}accessURL")]
    assert found["ivo://ivoa.net/std/SODA#sync-1.0"] == [f"{served.vo}/soda/sync"]
    assert found["ivo://ivoa.net/std/SODA#async-1.0"] == [f"{served.vo}/soda/async"]
    assert found["ivo://ivoa.net/std/VOSI#capabilities"] == [f"{served.vo}/soda/capabilities"]
    for name in ("ivo://ivoa.net/std/VOSI#availability",):
        assert found[name] == [f"{served.vo}/soda/availability"]


@pytest.mark.parametrize(
    ("name", "value"), [("CIRCLE", f"{PLACE} 0.02"), ("POLYGON", "150.01 2.01 149.97 2.02 149.99 2.06")]
)
def test_a_shape_is_the_same_by_itself_and_in_pos(served: Served, name: str, value: str) -> None:
    np.testing.assert_array_equal(pixels(sync(served, (name, value))), pixels(sync(served, ("POS", f"{name} {value}"))))


@pytest.mark.parametrize(
    ("value", "ra", "dec"),
    [
        ("RANGE -Inf +Inf -Inf +Inf", (0, 360), (-90, 90)),
        ("RANGE 149.95 151 -Inf +Inf", (149.95, 151), (-90, 90)),
        ("RANGE 0 360 1.9495 2.0505", (0, 360), (1.9495, 2.0505)),
        ("RANGE 350 149.98 -90 2", (0, 149.98), (-90, 2)),
    ],
    ids=["all", "longitudes", "latitudes", "across zero"],
)
def test_ranges_may_be_open_and_cross_zero(
    served: Served, archive: Archive, value: str, ra: tuple[float, float], dec: tuple[float, float]
) -> None:
    found = pixels(sync(served, ("POS", value)))
    whole = archive.pixels("exposure.fits")
    y, x = np.indices(whole.shape)
    sky = WCS(fits.getheader(archive.folder / "exposure.fits")).pixel_to_world(x, y)
    inside = (sky.ra.deg >= ra[0]) & (sky.ra.deg <= ra[1]) & (sky.dec.deg >= dec[0]) & (sky.dec.deg <= dec[1])
    wanted = whole[inside & np.isfinite(whole)]
    np.testing.assert_array_equal(found[np.isfinite(found)], wanted)
    assert wanted.size > 1000


@pytest.mark.parametrize("value", ["CIRCLE 20 -60 0.1", "RANGE 20 21 -60 -59", "POLYGON 20 -60 21 -60 20 -59"])
def test_nothing_inside_is_no_content(served: Served, value: str) -> None:
    answer = sync(served, ("POS", value))
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("name", ["ID", "POS", "CIRCLE", "POLYGON", "BAND", "TIME", "RESPONSEFORMAT"])
def test_what_has_one_value_may_not_be_repeated(served: Served, name: str) -> None:
    values = {
        "ID": ("exposure", "counts"),
        "POS": (f"CIRCLE {PLACE} 0.01", f"CIRCLE {PLACE} 0.02"),
        "CIRCLE": (f"{PLACE} 0.01", f"{PLACE} 0.02"),
        "POLYGON": ("150 2 150.1 2 150 2.1", "150 2 150.1 2 150 2.2"),
        "BAND": ("5e-7 6e-7", "6e-7 7e-7"),
        "TIME": ("60370 60371", "60371 60372"),
        "RESPONSEFORMAT": ("image/fits", "application/fits"),
    }[name]
    refused(sync(served, *[(name, value) for value in values]), "MultiValuedParamNotSupported")


def test_two_regions_by_different_names_are_two(served: Served) -> None:
    refused(sync(served, ("CIRCLE", f"{PLACE} 0.01"), ("POS", f"CIRCLE {PLACE} 0.01")), "MultiValuedParamNotSupported")


def test_states_may_repeat_and_are_one_filter(served: Served, archive: Archive) -> None:
    answer = served.get("soda/sync", params=[("ID", "stokes"), ("POL", "I"), ("POL", "U")])
    found = pixels(answer)
    whole = archive.pixels("stokes.fits")
    np.testing.assert_array_equal(found, whole[[0, 2]])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CIRCLE", f"{PLACE} -0.1"),
        ("CIRCLE", f"{PLACE} 0"),
        ("CIRCLE", "150 95 0.1"),
        ("CIRCLE", "150 -91 0.1"),
        ("CIRCLE", "150 2"),
        ("CIRCLE", "150 2 0.1 7"),
        ("CIRCLE", "150 NaN 0.1"),
        ("CIRCLE", "150 two 0.1"),
        ("CIRCLE", ""),
        ("CIRCLE", "150 2 1e400"),
        ("CIRCLE", "0x10 2 1"),
        ("POLYGON", "150 2 151 2"),
        ("POLYGON", "150 2 151 2 150"),
        ("POLYGON", "150 2 151 2 152 2 150"),
        ("POLYGON", "150 2 150 2 150 2"),
        ("POLYGON", "150 2 151 3 151 2 150 3"),
        ("POS", "SQUARE 150 2 1"),
        ("POS", "RANGE 150 151 3 2"),
        ("POS", "RANGE 150 151 2"),
        ("POS", "circle"),
        ("BAND", "5e-7 4e-7"),
        ("BAND", "red"),
        ("BAND", "-1 2"),
        ("BAND", "NaN"),
        ("TIME", "2 1"),
        ("TIME", "2024-01-01"),
        ("POL", "W"),
        ("RESPONSEFORMAT", "image/tiff"),
    ],
)
def test_bad_values_are_usage_errors(served: Served, name: str, value: str) -> None:
    refused(sync(served, (name, value)), "UsageError")
    answer = served.post("soda/async", data={"ID": "exposure", name: value})
    refused(answer, "UsageError")
    assert "location" not in answer.headers


def test_a_polygon_of_very_many_corners_is_refused_at_once(served: Served) -> None:
    angles = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    corners = " ".join(f"{RA + 0.01 * np.cos(a):.6f} {DEC + 0.01 * np.sin(a):.6f}" for a in angles)
    answer = served.session.post(f"{served.vo}/soda/sync", data={"ID": "exposure", "POLYGON": corners}, timeout=60)
    refused(answer, "UsageError")


@pytest.mark.parametrize("name", ["SODA", "CIRCLE"])
def test_ten_thousand_parameters_are_refused_or_ignored_in_a_line(served: Served, name: str) -> None:
    pairs = [("ID", "exposure"), *[(name, f"{PLACE} 0.01")] * 10_001]
    answer = served.session.post(f"{served.vo}/soda/sync", data=pairs, timeout=60)
    assert answer.status_code in range(400, 500)
    assert answer.text.startswith(LABELS)


@pytest.mark.parametrize("value", [f"CIRCLE {PLACE} 180", "RANGE -Inf Inf -Inf Inf", "CIRCLE 0 90 179.9"])
def test_regions_as_large_as_the_sky_give_all(served: Served, archive: Archive, value: str) -> None:
    np.testing.assert_array_equal(pixels(sync(served, ("POS", value))), archive.pixels("exposure.fits"))


def test_a_scalar_is_an_interval(served: Served, archive: Archive) -> None:
    """One wavelength is the channel that it lies in."""
    answer = served.get("soda/sync", params={"ID": "cube", "BAND": str(299_792_458.0 / 1.431e9)})
    np.testing.assert_array_equal(np.squeeze(pixels(answer)), archive.pixels("cube.fits")[3])


@pytest.mark.parametrize(("name", "value"), [("BAND", "5e-7 6e-7"), ("TIME", "50000 50001"), ("POL", "Q")])
def test_what_a_file_cannot_answer_is_never_ignored(served: Served, name: str, value: str) -> None:
    """HEALPix tables tell neither wavelength nor time: nothing is left, or it is refused."""
    answer = served.get("soda/sync", params={"ID": "sky", "CIRCLE": "30 40 5", name: value})
    assert answer.status_code in {204, 400, 422}
    if answer.status_code != 204:
        refused(answer, "UsageError")


def test_times_outside_leave_nothing(served: Served) -> None:
    inside, outside = ({"ID": "exposure", "TIME": text} for text in ("60370 60371", "50000 50001"))
    assert served.get("soda/sync", params=inside).status_code == 200
    assert served.get("soda/sync", params=outside).status_code == 204


@pytest.mark.parametrize("method", ["query", "form", "multipart", "both"], ids=["query", "form", "multipart", "both"])
def test_names_have_no_case_wherever_they_stand(served: Served, method: str) -> None:
    address, circle = f"{served.vo}/soda/sync", f"{PLACE} 0.02"
    if method == "query":
        answer = served.session.get(address, params={"id": "exposure", "cIrClE": circle}, timeout=60)
    elif method == "form":
        answer = served.session.post(address, data={"iD": "exposure", "Circle": circle}, timeout=60)
    elif method == "multipart":
        parts = {"Id": (None, "exposure"), "CIRCLE": (None, circle)}
        answer = served.session.post(address, files=parts, timeout=60)
    else:
        answer = served.session.post(address, params={"id": "exposure"}, data={"circle": circle}, timeout=60)
    np.testing.assert_array_equal(pixels(answer), pixels(sync(served, ("CIRCLE", circle))))


def test_values_have_case(served: Served) -> None:
    refused(served.get("soda/sync", params={"ID": "EXPOSURE", "CIRCLE": f"{PLACE} 0.02"}), "UsageError")


def test_a_value_in_the_query_and_one_in_the_body_are_two(served: Served) -> None:
    answer = served.session.post(f"{served.vo}/soda/sync?ID=exposure", data={"ID": "counts"}, timeout=60)
    refused(answer, "MultiValuedParamNotSupported")


@pytest.mark.parametrize("form", ["application/fits", "image/fits", "image/png", "image/jpeg"])
def test_the_answer_is_called_what_was_asked_for(served: Served, form: str) -> None:
    answer = sync(served, ("CIRCLE", f"{PLACE} 0.02"), ("RESPONSEFORMAT", form))
    assert (answer.status_code, answer.headers["content-type"]) == (200, form)


def test_unknown_parameters_are_ignored(served: Served) -> None:
    circle = ("CIRCLE", f"{PLACE} 0.02")
    np.testing.assert_array_equal(pixels(sync(served, circle, ("FLAVOUR", "x"))), pixels(sync(served, circle)))


def test_an_id_is_needed_and_unknown_ones_are_not_found(served: Served) -> None:
    refused(served.get("soda/sync", params={"CIRCLE": f"{PLACE} 1"}), "UsageError")
    for name in ("no-such", "ivo://armillary.local/data?no-such", "ivo://elsewhere/data?exposure", "../exposure"):
        answer = served.get("soda/sync", params={"ID": name, "CIRCLE": f"{PLACE} 1"})
        refused(answer, "UsageError", range(404, 405))


def test_head_and_parts(served: Served) -> None:
    address = f"{served.vo}/soda/sync"
    ask = {"ID": "exposure", "CIRCLE": f"{PLACE} 0.02"}
    whole = served.session.get(address, params=ask, timeout=60)
    head = served.session.head(address, params=ask, timeout=60)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(whole.content)
    part = served.session.get(address, params=ask, headers={"Range": "bytes=2880-5759"}, timeout=60)
    assert (part.status_code, part.content) == (206, whole.content[2880:5760])
    assert part.headers["content-range"] == f"bytes 2880-5759/{len(whole.content)}"
    again = served.session.get(address, params=ask, headers={"If-None-Match": whole.headers["etag"]}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")


def inputs(served: Served, name: str) -> dict[str, dict]:
    """Input parameters of the synchronous service of an image's descriptor."""
    root = valid(served.get(f"datalink/links?ID={name}").content)
    for resource in children(root, "RESOURCE"):
        words = {param.get("name"): param.get("value") for param in children(resource, "PARAM")}
        if words.get("standardID", "").startswith("ivo://ivoa.net/std/SODA#sync"):
            return {param.get("name"): param for param in children(resource, "GROUP/PARAM")}
    pytest.fail("there is no descriptor of SODA")


UCDS = {
    "ID": "meta.ref.url;meta.curation",
    "POS": "pos.outline;obs",
    "CIRCLE": "pos.outline;obs",
    "POLYGON": "pos.outline;obs",
    "BAND": "em.wl;stat.interval",
    "TIME": "time.interval;obs.exposure",
    "POL": "meta.code;phys.polarization",
}


def test_the_descriptor_names_what_parameters_are(served: Served) -> None:
    seen = {}
    for name in ("exposure", "cube", "stokes"):
        for parameter, param in inputs(served, name).items():
            if parameter in UCDS:
                assert param.get("ucd") == UCDS[parameter], parameter
                seen[parameter] = param
    assert set(seen) == set(UCDS)
    assert {name: seen[name].get("xtype") for name in ("CIRCLE", "POLYGON", "BAND")} == {
        "CIRCLE": "circle",
        "POLYGON": "polygon",
        "BAND": "interval",
    }
    assert seen["BAND"].get("unit") == "m"
    assert seen["TIME"].get("unit") == "d"


def test_the_descriptor_tells_where_there_is_data(served: Served) -> None:
    """MIN and MAX of intervals; MAX alone of shapes, and it holds the image."""
    given = inputs(served, "cube")
    for name in ("CIRCLE", "POLYGON"):
        values = children(given[name], "VALUES")[0]
        assert [child.tag.rpartition("}")[2] for child in values] == ["MAX"]
    circle = [float(word) for word in children(given["CIRCLE"], "VALUES/MAX")[0].get("value").split()]
    assert (circle[0], circle[1]) == pytest.approx((RA, DEC - 3), abs=0.01)
    assert 0.0249 < circle[2] < 0.05
    low, high = (children(given["BAND"], f"VALUES/{end}")[0].get("value") for end in ("MIN", "MAX"))
    assert 299_792_458.0 / 1.48e9 < float(low.split()[0]) < float(high.split()[-1]) < 299_792_458.0 / 1.39e9
    states = {option.get("value") for option in children(inputs(served, "stokes")["POL"], "VALUES/OPTION")}
    assert states == {"I", "Q", "U"}
