"""The q16 format: error bound, exactness, refusals, and the vectors shared with TypeScript."""

from __future__ import annotations

import contextlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from armillary.errors import LimitError, ParameterError
from armillary.images.raster import Raster
from armillary.render import q16

VECTORS = Path(__file__).resolve().parent.parent / "vectors"


def load_vectors_script():
    spec = importlib.util.spec_from_file_location("make_vectors", VECTORS / "make_vectors.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_vectors = load_vectors_script()
GOOD = sorted(path.stem for path in (VECTORS / "q16").glob("*.f32"))
BAD = sorted(path.name for path in (VECTORS / "q16").glob("bad-*.bin"))


def raster(pixels, **fields) -> Raster:
    return Raster(np.ascontiguousarray(pixels, np.float32), "1", **fields)


def same(a, b) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def as_encoded(pixels):
    """Pixels as a lossless tile gives them back: what is not finite is NaN."""
    return np.where(np.isfinite(pixels), pixels, np.float32(np.nan))


@pytest.mark.parametrize("name", GOOD)
def test_vectors_are_decoded_bit_by_bit(name):
    body = (VECTORS / "q16" / f"{name}.bin").read_bytes()
    expected = np.frombuffer((VECTORS / "q16" / f"{name}.f32").read_bytes(), "<f4").reshape(16, 16)
    assert same(q16.decode(body), expected)
    assert same(make_vectors.read_plainly(body), expected)


def test_vectors_hold_every_kind_and_width():
    headers = [q16.read_header((VECTORS / "q16" / f"{name}.bin").read_bytes()) for name in GOOD]
    assert {(header.kind, header.width) for header in headers} == {
        (q16.Kind.EMPTY, 0),
        (q16.Kind.CONSTANT, 0),
        (q16.Kind.QUANTISED, 2),
        (q16.Kind.QUANTISED, 3),
        (q16.Kind.FLOAT32, 4),
    }
    seen = {(h.width, bool(h.flags & q16.Flag.DELTA)) for h in headers if h.kind is q16.Kind.QUANTISED}
    assert seen == {(2, False), (2, True), (3, False), (3, True)}


@pytest.mark.parametrize("name", GOOD)
def test_the_encoder_still_writes_the_vectors(name):
    """A change of the encoder shows here: renew the vectors on purpose, never by accident."""
    fields = make_vectors.tiles()[name]
    assert q16.encode(raster(fields.pop("pixels"), **fields)) == (VECTORS / "q16" / f"{name}.bin").read_bytes()


@pytest.mark.parametrize("name", BAD)
def test_malformed_tiles_are_refused(name):
    with pytest.raises(ParameterError, match=r"^q16: not a whole tile of this format: "):
        q16.decode((VECTORS / "q16" / name).read_bytes())


shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))
any_pixels = hnp.arrays(np.float32, shapes, elements=st.floats(width=32))
near_pixels = hnp.arrays(np.float32, shapes, elements=st.floats(-1000, 1000, width=32))
noises = st.floats(0, allow_nan=False) | st.floats(1e-3, 100)


def check_bound(pixels, noise):
    body = q16.encode(raster(pixels, noise=noise))
    header = q16.read_header(body)
    back = q16.decode(body)
    valid = np.isfinite(pixels)
    assert back.dtype == np.float32
    assert back.shape == pixels.shape
    assert np.array_equal(valid, np.isfinite(back))
    assert bool(header.flags & q16.Flag.GAPS) == (not valid.all())
    if header.flags & q16.Flag.LOSSLESS:
        assert np.array_equal(back[valid], pixels[valid])
        assert header.max_error == 0
        return
    assert 0 < header.max_error == header.scale / 2
    assert header.max_error <= max(noise / 16, 2.0**-150)
    exact = pixels[valid].astype(np.float64)
    off = np.abs(back[valid].astype(np.float64) - exact)
    spacing = np.spacing(np.abs(pixels[valid])).astype(np.float64)
    slack = 1 + 1e-9
    assert np.all(off <= header.max_error * slack + spacing / 2)
    assert np.all(off <= 2 * header.max_error * slack)


@given(any_pixels, noises)
def test_error_is_bounded_for_any_floats(pixels, noise):
    check_bound(pixels, noise)


@given(near_pixels, st.floats(1e-3, 100))
def test_error_is_bounded_for_images(pixels, noise):
    check_bound(pixels, noise)


@given(hnp.arrays(np.float32, shapes, elements=st.floats(-(2.0**-133), 2.0**-133, width=32)), st.floats(1e-45, 1e-41))
def test_error_is_bounded_for_denormals(pixels, noise):
    check_bound(pixels, noise)


@given(
    hnp.arrays(np.int16, shapes),
    st.sampled_from([1.0, 0.5, 0.1, 1e-3, 3.7e-5, 2.0**-20]),
    st.sampled_from([0.0, 32768.0, -1.5, 1e6]),
)
def test_scaled_integers_come_back_exactly(stored, quantum, zero):
    pixels = (zero + quantum * stored.astype(np.float64)).astype(np.float32)
    body = q16.encode(raster(pixels, quantum=quantum, zero=zero, noise=100 * quantum))
    header = q16.read_header(body)
    if header.kind is q16.Kind.QUANTISED and header.scale == quantum:
        assert header.flags & q16.Flag.LOSSLESS
    if zero == 0.0 and quantum in {1.0, 0.5, 2.0**-20}:
        assert header.flags & q16.Flag.LOSSLESS
    if header.flags & q16.Flag.LOSSLESS:
        assert np.array_equal(q16.decode(body), pixels)


def test_all_values_of_int16_are_exact():
    pixels = np.arange(-32768, 32767, dtype=np.float32)[: 255 * 257].reshape(255, 257)
    body = q16.encode(raster(pixels, quantum=1.0, noise=1e4))
    assert q16.read_header(body).width == 2
    assert np.array_equal(q16.decode(body), pixels)


def test_the_full_range_of_uint16_needs_three_bytes():
    pixels = np.arange(65536, dtype=np.float32).reshape(256, 256)
    header = q16.read_header(q16.encode(raster(pixels, quantum=1.0)))
    assert (header.kind, header.width) == (q16.Kind.QUANTISED, 3)
    assert same(q16.decode(q16.encode(raster(pixels, quantum=1.0))), pixels)


def test_a_wrong_quantum_does_not_lose_anything():
    pixels = np.array([[0.25, 0.5], [1.0, 7.125]])
    assert same(q16.decode(q16.encode(raster(pixels, quantum=1.0))), pixels.astype(np.float32))


@pytest.mark.parametrize("quantum", [np.nan, np.inf, 1e-320, 1e300, -1.0])
@pytest.mark.parametrize("zero", [0.0, np.nan, 1e300])
def test_absurd_quanta_are_survived(quantum, zero):
    pixels = np.array([[0.25, 1e30], [-1e-30, 7.125]])
    assert same(q16.decode(q16.encode(raster(pixels, quantum=quantum, zero=zero))), pixels.astype(np.float32))


@pytest.mark.parametrize("noise", [np.nan, np.inf, -1.0, 0.0])
def test_without_a_usable_noise_nothing_is_lost(noise):
    pixels = np.random.default_rng(1).normal(size=(8, 9)).astype(np.float32)
    pixels[2, 3], pixels[4, 4], pixels[5, 5] = np.nan, np.inf, -np.inf
    assert same(q16.decode(q16.encode(raster(pixels, noise=noise))), as_encoded(pixels))


def test_whole_numbers_without_noise_are_packed():
    """Hit counts and masks: two bytes instead of four."""
    pixels = np.random.default_rng(1).poisson(30, (32, 32))
    header = q16.read_header(q16.encode(raster(pixels)))
    assert (header.kind, header.width, header.scale) == (q16.Kind.QUANTISED, 2, 1.0)


def test_tiles_of_one_image_share_their_steps():
    random = np.random.default_rng(3)
    first, second = (
        q16.read_header(q16.encode(raster(random.normal(level, 3, (64, 64)), noise=3.0))) for level in (0, 50)
    )
    assert first.scale == second.scale
    assert ((first.zero - second.zero) / first.scale).is_integer()


def test_decoded_multiples_need_no_rounding():
    """Steps have 8 significant bits: small multiples of them are float32 numbers."""
    scale = q16.precision(0.7123456)
    assert 0.7123456 / 8 * (1 - 2**-7) < scale <= 0.7123456 / 8
    multiples = scale * np.arange(-65536, 65537)
    assert np.array_equal(multiples.astype(np.float32), multiples)


def test_differences_are_used_where_they_are_smaller():
    noise = np.random.default_rng(5).normal(size=(128, 128))
    slope = np.add.outer(np.arange(128) * 40.0, np.arange(128) * 20.0)
    flat = q16.read_header(q16.encode(raster(noise, noise=1.0)))
    steep = q16.read_header(q16.encode(raster(slope + noise, noise=1.0)))
    assert not flat.flags & q16.Flag.DELTA
    assert steep.flags & q16.Flag.DELTA


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (1025, 4), (4, 1025)])
def test_only_tiles(shape):
    with pytest.raises(LimitError, match="q16 is for tiles"):
        q16.encode(raster(np.zeros(shape)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 1024), (1024, 1), (3, 1000), (33, 31)])
def test_any_shape_of_tile(shape):
    pixels = np.random.default_rng(2).normal(size=shape)
    pixels[0, 0] = 10
    check_bound(pixels.astype(np.float32), 0.5)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(body):
    with pytest.raises(ParameterError):
        q16.decode(body)


@given(st.sampled_from(GOOD), st.lists(st.tuples(st.integers(4, 47), st.integers(0, 255)), min_size=1, max_size=4))
def test_altered_headers_are_refused_or_read(name, changes):
    """Also where the header lies about its sides: nothing larger than a tile is ever allocated."""
    body = bytearray((VECTORS / "q16" / f"{name}.bin").read_bytes())
    for place, value in changes:
        body[place] = value
    with contextlib.suppress(ParameterError):
        assert q16.decode(body).nbytes <= 4 * q16.MAX_SIDE**2


def test_read_only_pixels_are_encoded_too():
    pixels = np.random.default_rng(2).normal(size=(16, 16)).astype(np.float32)
    writable = q16.encode(raster(pixels, noise=1.0))
    pixels.setflags(write=False)
    assert q16.encode(raster(pixels, noise=1.0)) == writable
