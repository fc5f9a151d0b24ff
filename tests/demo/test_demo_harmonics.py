"""Spherical harmonics against healpy."""

import healpy
import numpy as np
import pytest

from armillary.demo.harmonics import random_alm, ring_coefficients
from armillary.demo.microwave import Sky, car_planes, healpix_temperature, ring_centres


def healpy_alm(alm):
    lmax = len(alm) - 1
    degree, order = healpy.Alm.getlm(lmax)
    return alm[degree, order]


@pytest.fixture(scope="module")
def sky():
    rng = np.random.default_rng(7)
    temperature, electric = random_alm(rng, 40), random_alm(rng, 40)
    electric[:2] = 0
    return Sky(temperature, electric)


@pytest.fixture(scope="module")
def oracle(sky):
    alms = [healpy_alm(sky.temperature), healpy_alm(sky.electric), np.zeros(healpy.Alm.getsize(40), complex)]
    return healpy.alm2map(alms, 32, lmax=40, pol=True)


@pytest.mark.parametrize("nside", [1, 2, 8, 64])
def test_ring_centres(nside):
    expected = healpy.pix2ang(nside, np.arange(12 * nside**2))
    assert np.allclose(ring_centres(nside), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("pixel", [0, 3, 700, 6000, 12000, 12287])
def test_i_q_u_of_a_place(sky, oracle, pixel):
    theta, phi = healpy.pix2ang(32, pixel)
    rings = ring_coefficients(sky.temperature, sky.electric, np.array([theta]))[:, :, 0]
    values = (rings * np.exp(1j * np.arange(41) * phi)).sum(axis=1).real
    assert values == pytest.approx(oracle[:, pixel], abs=1e-9)


def test_healpix_map(sky, oracle):
    assert np.allclose(healpix_temperature(sky, 32), oracle[0], rtol=0, atol=1e-4)


def test_car_map(sky):
    planes = car_planes(sky, 2.0)
    ny, nx = planes.shape[1:]
    dec = np.radians(-90 + 2 * (np.arange(ny) + 0.5))
    ra = np.radians(180 - 2 * (np.arange(nx) + 0.5))
    rings = ring_coefficients(sky.temperature, sky.electric, np.pi / 2 - dec)
    direct = np.einsum("smy,mx->syx", rings, np.exp(1j * np.arange(41)[:, None] * ra)).real
    direct[2] *= -1
    assert np.allclose(planes, direct, rtol=0, atol=1e-3)
