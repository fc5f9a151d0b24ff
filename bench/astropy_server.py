"""The peer of cutouts over HTTP: astropy opens, cuts out and writes, behind the same web framework and server."""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path


def cut(path: Path, ra_deg: float, dec_deg: float, radius_deg: float, *, copy: bool = False) -> bytes:
    """The box around a circle of a plain image as a FITS file.

    Without ``copy``, which is the default of ``Cutout2D``, the pixels are a view, and astropy writes a view into memory
    number by number.
    """
    from astropy import units as u
    from astropy.coordinates import SkyCoord
    from astropy.io import fits
    from astropy.nddata import Cutout2D
    from astropy.wcs import WCS

    with warnings.catch_warnings(), fits.open(path) as hdus:
        warnings.simplefilter("ignore")
        middle, side = SkyCoord(ra_deg, dec_deg, unit="deg"), 2 * radius_deg * u.deg
        found = Cutout2D(hdus[0].data, middle, side, wcs=WCS(hdus[0].header), copy=copy)
        header = hdus[0].header.copy()
        header.update(found.wcs.to_header())
        buffer = io.BytesIO()
        fits.PrimaryHDU(found.data, header).writeto(buffer)
    return buffer.getvalue()


def application(path: Path):
    """``/?CIRCLE=ra dec radius``, and ``&COPY=1``: a route that waits for the cutout in a thread, as one writes it."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response
    from starlette.routing import Route

    async def answer(request) -> Response:
        ra, dec, radius = (float(word) for word in request.query_params["CIRCLE"].split())
        body = await run_in_threadpool(cut, path, ra, dec, radius, copy="COPY" in request.query_params)
        return Response(body, media_type="application/fits")

    return Starlette(routes=[Route("/", answer)])


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(
        application(Path(sys.argv[2])),
        host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False,
        lifespan="off", ws="none", server_header=False, proxy_headers=False, timeout_keep_alive=30, backlog=4096,
    )  # fmt: skip
