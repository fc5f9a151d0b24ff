"""Spherical harmonic synthesis on rings of constant latitude, with numpy alone.

Conventions are those of HEALPix (Górski et al. 2005, ApJ 622, 759): orthonormal harmonics with the Condon-Shortley
phase, colatitude from the north pole, Q and U along the meridian in the cosmological sense.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ORDERS_AT_ONCE = 16
_RINGS_AT_ONCE = 60


def random_alm(rng: np.random.Generator, lmax: int) -> NDArray[np.complex128]:
    """Harmonic coefficients of a real Gaussian field of unit power at every degree.

    Parameters
    ----------
    rng
        Source of chance.
    lmax
        Highest degree.

    Returns
    -------
    Array (lmax + 1, lmax + 1), indexed by degree and order; zero where the order exceeds the degree.
    """
    real, imaginary = rng.standard_normal((2, lmax + 1, lmax + 1))
    alm = (real + 1j * imaginary) * math.sqrt(0.5)
    alm[:, 0] = real[:, 0]
    return np.tril(alm)


def _first_legendre(orders: NDArray[np.int64], sine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normalised associated Legendre functions with degree equal to order, shape (orders, rings)."""
    factors = np.arange(1, orders[-1] + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log1p(0.5 / factors))])
    scale = np.exp(0.5 * (logs[orders] - math.log(4 * math.pi))) * (-1.0) ** orders
    # Underflow at the poles is sound below degree 1000: such orders add nothing there.
    first: NDArray[np.float64] = scale[:, None] * sine[None, :] ** orders[:, None]
    return first


def _legendre(orders: NDArray[np.int64], lmax: int, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normalised associated Legendre functions of some orders.

    Three-term recursion in the degree (Press et al., Numerical Recipes, 6.7).

    Returns
    -------
    Array (orders, lmax + 1, rings): functions of degree ``order + k`` in column k; rubbish above lmax is zero.
    """
    cosine = np.cos(theta)
    table = np.zeros((len(orders), lmax + 1, len(theta)))
    table[:, 0] = _first_legendre(orders, np.sin(theta))
    for k in range(1, lmax + 1 - int(orders[0])):
        degree = (orders + k).astype(float)
        squares = degree**2 - orders.astype(float) ** 2
        before = (degree - 1) ** 2 - orders.astype(float) ** 2
        lift = np.sqrt((4 * degree**2 - 1) / squares)
        drop = lift * np.sqrt(before / (4 * (degree - 1) ** 2 - 1))
        np.multiply(table[:, k - 1], cosine, out=table[:, k])
        table[:, k] *= lift[:, None]
        if k > 1:
            table[:, k] -= drop[:, None] * table[:, k - 2]
    return table


def _polarisation_factors(lmax: int, order: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Norm of the spin-2 functions and the coupling to the degree below, for all degrees from ``order`` up.

    Kamionkowski, Kosowsky and Stebbins 1997, Phys. Rev. D 55, 7368.
    """
    degree = np.arange(order, lmax + 1, dtype=float)
    products = (degree + 2) * (degree + 1) * degree * (degree - 1)
    norm = np.zeros_like(degree)
    np.divide(2, np.sqrt(products, where=products > 0, out=np.ones_like(products)), out=norm, where=products > 0)
    coupling = np.sqrt((2 * degree + 1) / np.maximum(2 * degree - 1, 1) * (degree**2 - order**2))
    return norm, coupling


def _columns(temperature: NDArray[np.complex128], electric: NDArray[np.complex128], order: int) -> NDArray[np.float64]:
    """Sums over the degree as one matrix product: six complex columns, real and imaginary parts apart."""
    lmax = len(temperature) + order - 1
    degree = np.arange(order, lmax + 1, dtype=float)
    norm, coupling = _polarisation_factors(lmax, order)
    scaled = norm * electric
    below = np.zeros_like(scaled)
    below[:-1] = (coupling * scaled)[1:]
    columns = np.stack(
        [temperature, (degree - order**2) * scaled, degree * (degree - 1) / 2 * scaled, below,
         order * (degree - 1) * scaled, order * below], axis=1,
    )  # fmt: skip
    return np.ascontiguousarray(columns).view(np.float64)


def ring_coefficients(
    temperature: NDArray[np.complex128], electric: NDArray[np.complex128], theta_rad: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Fourier coefficients of I, Q and U along rings.

    Parameters
    ----------
    temperature, electric
        Harmonic coefficients, (lmax + 1, lmax + 1), of temperature and of E modes.
    theta_rad
        Colatitude of each ring, without the poles themselves.

    Returns
    -------
    Array (3, lmax + 1, rings): ``I = Re(sum over m of c[0, m] exp(i m phi))``, and so on.
    """
    lmax = len(temperature) - 1
    cosine, inverse = np.cos(theta_rad), 1 / np.sin(theta_rad) ** 2
    # Rings at equal distance from the equator share their functions, up to the sign of the odd ones.
    northern, twin = np.unique(np.minimum(theta_rad, math.pi - theta_rad).round(12), return_inverse=True)
    side = np.where(cosine < 0, -1, 1)
    result = np.empty((3, lmax + 1, len(theta_rad)), dtype=np.complex128)
    for start in range(0, lmax + 1, _ORDERS_AT_ONCE):
        orders = np.arange(start, min(start + _ORDERS_AT_ONCE, lmax + 1))
        table = _legendre(orders, lmax, northern)
        for i, order in enumerate(orders):
            columns = _columns(temperature[order:, order], electric[order:, order], int(order))
            even, odd = (_summed(table[i, part : lmax + 1 - order : 2], columns[part::2]) for part in (0, 1))
            sums = even[:, twin] + side * odd[:, twin]
            result[0, order] = sums[0]
            result[1, order] = sums[1] * inverse + sums[2] - cosine * inverse * sums[3]
            result[2, order] = 1j * inverse * (sums[5] - cosine * sums[4])
    result[:, 1:] *= 2
    return result


def _summed(functions: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Sum over the degree: functions (degrees, rings) and columns (degrees, n) to complex sums (n / 2, rings)."""
    sums = np.empty((functions.shape[1], columns.shape[1]))
    # Products as small as these are not spread over threads, which would wait for each other on a busy machine.
    for start in range(0, len(sums), _RINGS_AT_ONCE):
        part = slice(start, start + _RINGS_AT_ONCE)
        np.matmul(functions[:, part].T, columns, out=sums[part])
    complex_sums: NDArray[np.complex128] = sums.view(np.complex128).T
    return complex_sums
