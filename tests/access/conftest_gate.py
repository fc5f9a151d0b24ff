"""Two servers over the same files: one with hidden things, one for which they do not exist; and every address there is.

A caller who lacks grants must not be able to tell the two apart, whatever it asks. That compares whole answers, so
that nothing has to be known about what an answer says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from conftest_server import sky_data, tan_header, write_image

from armillary.accounts.database import Database
from armillary.accounts.people import People
from armillary.accounts.sessions import Identity, Sessions, identity_of
from armillary.catalogs import import_catalog
from armillary.cli.pyramids import pyramid_maker
from armillary.holdings.access import Access
from armillary.holdings.configuration import open_configuration
from armillary.server.api import make_api
from armillary.server.app import Application, make_application
from armillary.server.doors import accounts, guests, oidc, pages, soauth
from armillary.server.settings import Settings

GRANTS = ("g-group", "g-map", "g-band", "g-layer", "g-combo", "g-stars", "g-box")
HIDDEN = ("in-group", "in-map", "in-band", "hidden", "hidden-cube", "hidden-combo")
SEEN = ("seen", "cube", "combo")
CATALOGS = ("stars", "hidden-stars", "sky", "hidden-sky")
CSV = "name,ra,dec,mag\n" + "\n".join(f"s{k},{150 + k * 1e-3},{2 + k * 1e-3},{k}" for k in range(40)) + "\n"


def write_files(folder: Path) -> None:
    write_image(folder / "tan.fits", sky_data(), tan_header(200, 300))
    write_image(folder / "other.fits", sky_data(4, (120, 130)), tan_header(130, 120))
    write_image(folder / "cube.fits", sky_data(2, (3, 70, 80)), tan_header(80, 70))
    (folder / "stars.csv").write_text(CSV)
    import_catalog(
        input_paths=[folder / "stars.csv"], output_path=folder, output_artifact_name="hats", pixel_threshold=15
    )
    fits.PrimaryHDU(np.zeros((4, 4), np.float32)).writeto(folder / "broken.fits")
    (folder / "broken.fits").write_bytes(b"no FITS")


def layer(layer_id: str, filename: str = "tan.fits", **more: Any) -> dict[str, Any]:
    provider = {"provider_type": "fits", "filename": filename, "hdu": 0}
    return {"layer_id": layer_id, "name": f"Name {layer_id}", "description": "word", "provider": provider} | more


def combination(layer_id: str, **more: Any) -> dict[str, Any]:
    providers = [{"provider_type": "fits", "filename": "tan.fits", "hdu": 0}] * 2
    return layer(
        layer_id, provider={"provider_type": "fits_combination", "function": "+", "providers": providers}, **more
    )


def band(name: str, *layers: Any, **more: Any) -> dict[str, Any]:
    return {"band_id": f"band-{name}", "name": f"Band {name}", "layers": list(layers)} | more


def one_map(name: str, *bands: Any, **more: Any) -> dict[str, Any]:
    return {"map_id": f"map-{name}", "name": f"Map {name}", "bands": list(bands)} | more


def group(name: str, *maps: Any, **more: Any) -> dict[str, Any]:
    return {"map_group_id": f"group-{name}", "name": f"Group {name}", "maps": list(maps)} | more


def box(name: str, **more: Any) -> dict[str, Any]:
    place = {"top_left_ra": 151.0, "top_left_dec": 3.0, "bottom_right_ra": 149.0, "bottom_right_dec": 1.0}
    return {"box_id": name, "name": f"Box {name}", "description": "word"} | place | more


def catalog(name: str, **more: Any) -> dict[str, Any]:
    kind = {"file_type": "hats", "filename": "hats"} if name.endswith("sky") else {"file_type": "csv"}
    provider = {"filename": "stars.csv"} | kind
    return {"source_group_id": name, "name": f"Catalog {name}", "description": "word", "provider": provider} | more


def whole() -> dict[str, Any]:
    """Something hidden at every level, beside something seen."""
    seen = band(
        "seen",
        layer("seen"),
        layer("cube", "cube.fits"),
        combination("combo"),
        layer("hidden", "other.fits", grant="g-layer"),
        layer("hidden-cube", "cube.fits", grant="g-layer"),
        combination("hidden-combo", grant="g-combo"),
        layer("hidden-broken", "broken.fits", grant="g-layer"),
    )
    hidden_band = band("hidden", layer("in-band"), grant="g-band")
    hidden_map = one_map("hidden", band("plain", layer("in-map", "other.fits")), grant="g-map")
    shown = one_map("seen", seen, hidden_band)
    hidden_group = group("hidden", one_map("plain", band("plain-2", layer("in-group"))), grant="g-group")
    return {
        "map_groups": [group("seen", shown, hidden_map), hidden_group],
        "source_groups": [
            *(catalog(name) for name in ("stars", "sky")),
            *(catalog(name, grant="g-stars") for name in ("hidden-stars", "hidden-sky")),
        ],
        "boxes": [box("open"), box("hidden-box", grant="g-box")],
    }


LISTS = ("map_groups", "maps", "bands", "layers", "source_groups", "boxes")


def pruned(node: dict[str, Any], grants: frozenset[str]) -> dict[str, Any]:
    """The same without what somebody with ``grants`` may not see, nor what is empty without that."""
    left = dict(node)
    for name in LISTS:
        if name not in node:
            continue
        kept = [pruned(child, grants) for child in node[name] if child.get("grant") in {None, *grants}]
        left[name] = [child for child in kept if all(child[inner] for inner in LISTS if inner in child)]
    return left


def without_grants(node: dict[str, Any]) -> dict[str, Any]:
    """The same for everybody."""
    left = {name: value for name, value in node.items() if name != "grant"}
    return left | {name: [without_grants(child) for child in left[name]] for name in LISTS if name in left}


class CountingCache(dict[str, bytes]):
    """A shared cache in this process that says when it was asked."""

    asked = 0

    def get(self, key: str, default: Any = None) -> bytes | None:
        self.asked += 1
        return super().get(key, default)

    def put(self, key: str, value: bytes) -> None:
        self[key] = value

    def settle(self, seconds: float) -> bool:
        return True

    def close(self) -> None:
        self.clear()


def make_server(folder: Path, content: dict[str, Any], everybody: Access = Access(), **settings: Any) -> Application:  # noqa: B008
    """A server of a configuration, with a shared cache of its own."""
    name = folder / f"holdings-{len(list(folder.glob('holdings-*')))}.json"
    name.write_text(json.dumps(content))
    jobs = {"jobs_database": str(name.with_suffix(".jobs")), "jobs_runner": "off"}
    plain = {"tile_size": 64, "threads": 1, "name_resolver": "", "session_secret": "s" * 32} | jobs
    chosen = Settings(**(plain | settings))
    opened = open_configuration(str(name), pyramid_maker(chosen), tile_size=64)
    opened.holdings.title = "gate"
    opened.run()
    app = make_application(opened.holdings, chosen, everybody=everybody)
    app.services.shared_cache = CountingCache()
    app._tiles._shared = app.services.shared_cache
    return app


class Callers:
    """Users with all grants, with one, with none that counts, and an administrator; their sessions in one database."""

    def __init__(self, path: Path, *, provider: bool = False) -> None:
        self.path = str(path)
        self.database = Database(self.path)
        people, sessions = People(self.database), Sessions(self.database, 36000, 36000)
        self.secrets = {}
        for name, grants in {"right": GRANTS, "wrong": ("g-layer", "else"), "none": (), "boss": ()}.items():
            if provider:
                who, user = Identity(name, frozenset(grants), administrator=name == "boss"), None
            else:
                people.add(name, None, administrator=name == "boss")
                for grant in grants:
                    people.grant(name, grant)
                user = people.user(name)
                who = identity_of(user)
            self.secrets[name] = sessions.begin(who, user)

    def headers(self, app: Application, name: str) -> dict[str, str]:
        door = app._door
        visit = f"armillary-visit-8000={door.signer.sign('visit', 'a visit')}"
        if name == "anonymous":
            return {"cookie": visit}
        return {
            "cookie": f"{visit}; armillary-session-8000={door.signer.sign(f'session {door.mode}', self.secrets[name])}"
        }


HELD = {"anonymous": frozenset(), "none": frozenset(), "wrong": frozenset({"g-layer"})}

WINDOW = "x0=0&y0=0&x1=40&y1=40"
GRID = f"{WINDOW}&nx=3&ny=3"
CIRCLE = "POS=CIRCLE%20150%202%200.01"
LAYERS = (
    *SEEN,
    *HIDDEN,
    "cube@1",
    "hidden-cube@1",
    "hidden-cube@9",
    "hidden@0",
    "missing",
    "hidden%2F",
    "hidden-broken",
)
GROUPS = (*CATALOGS, "missing")


def of_layers(tail: str, *queries: str) -> list[str]:
    return [f"/api/layers/{name}{tail}{query}" for name in LAYERS for query in queries or ("",)]


def of_groups(tail: str, *queries: str) -> list[str]:
    return [f"/api/sources/{name}{tail}{query}" for name in GROUPS for query in queries or ("",)]


def _pixelgrids() -> list[str]:
    pairs = [(one, "seen") for one in LAYERS] + [("seen", other) for other in LAYERS]
    return [f"/api/layers/{one}/pixelgrid?base={other}&{GRID}" for one, other in pairs]


def _points() -> list[str]:
    views = ["", "?ra=150&dec=2&radius=0.01", "?ra=999", f"?layer=seen&{WINDOW}&size=mag", "?size=none", "?v=x"]
    views += [f"?layer={name}&{WINDOW}" for name in LAYERS]
    return of_groups("/points", *views)


def _rows() -> list[str]:
    views = ["", "?sort=mag&count=3", "?format=csv", "?filter=mag<5", "?filter=;;", "?count=0", "?search=s1", "?v=x"]
    views += [f"?layer={name}&{WINDOW}" for name in ("seen", "hidden", "missing")]
    return of_groups("/rows", *views)


def _tiles() -> list[str]:
    forms = ["0/0/0.f32", "0/0/0.q16", "1/0/0.png", "0/0/0.png?cmap=none", "9/9/9.f32", "0/0/0.f32?preview=1"]
    forms += ["0/0/x.f32", "0/0/0.xyz", "0/0/0.jpg?vmin=0&vmax=1", "0/0/0.f32?v=none"]
    return of_layers("", *(f"/tiles/{form}" for form in forms))


def _search() -> list[str]:
    words = ("word", "Name", "hidden", "in-group", "in-map", "in-band", "Box", "Catalog", "g-layer", "", "x" * 500)
    return [f"/api/search?q={word}" for word in words]


CONE = "RA=150&DEC=2&SR=0.02"
VO_OPEN = tuple(f"/vo/{name}" for name in ("", "sia/", "sia2/", "soda/", "datalink/"))


def _cones() -> list[str]:
    queries = (CONE, f"{CONE}&VERB=3&MAXREC=2", "RA=150&DEC=2&SR=0", f"{CONE}&RESPONSEFORMAT=none", "RA=x", "")
    return [f"/vo/scs/{name}?{query}" for name in GROUPS for query in queries]


def _links() -> list[str]:
    named = [f"map-{name}" for name in ("seen", "hidden", "plain")] + [f"map-seen/{name}" for name in LAYERS]
    names = (*LAYERS, *named)
    single = [f"/vo/datalink/links?ID={name}" for name in names]
    return [*single, f"/vo/datalink/links?{'&'.join(f'ID={name}' for name in names)}", "/vo/datalink/links"]


def _images() -> list[str]:
    """Searches for images: of everything, by place, and by what would tell of hidden ones."""
    names = [f"map-{name}" for name in ("seen", "hidden", "plain")] + [f"map-seen/{name}" for name in LAYERS]
    queries = [
        "",
        "POS=CIRCLE%20150%202%201",
        "MAXREC=1",
        "MAXREC=0",
        "DPTYPE=cube",
        "COLLECTION=Group%20hidden",
        "POS=x",
    ]
    queries += [f"ID={name}" for name in (*LAYERS, *names)]
    return [f"/vo/{way}?{query}" for way in ("sia2", "sia2/query") for query in queries]


def _images_by_place() -> list[str]:
    queries = ("POS=150,2&SIZE=1", "POS=150,2&SIZE=1&MAXREC=1", "FORMAT=METADATA", "POS=150&SIZE=1", "")
    return [f"/vo/sia?{query}" for query in queries]


NO_JOB = "0" * 32


def _cutouts() -> list[str]:
    """By every id of an image that there is, and is not: whole, a part, nothing, and what makes no sense."""
    names = [*LAYERS, *(f"map-{name}" for name in ("seen", "hidden", "plain")), "map-seen/seen", "map-seen/hidden"]
    names += [f"ivo://armillary.local/data?{name}" for name in ("seen", "hidden", "in-map")]
    queries = ("", "&CIRCLE=150%202%200.01", "&CIRCLE=10%2020%201", "&CIRCLE=x", "&BAND=1", "&RESPONSEFORMAT=image/png")
    return [f"/vo/soda/sync?ID={name}{query}" for name in names for query in queries] + ["/vo/soda/sync"]


def _jobs() -> list[str]:
    """Asked for by GET they are lists; a POST would make a job, but of what is not to be seen, or makes no sense."""
    return [
        f"/vo/soda/async?{query}"
        for query in ("ID=hidden", "ID=missing", "ID=in-map&PHASE=RUN", "CIRCLE=x", "LAST=0&ID=")
    ]


def _job(child: str) -> Callable[[], list[str]]:
    return lambda: [f"/vo/soda/async/{name}{child}" for name in (NO_JOB, "hidden", "x")]


def door_page(path: str) -> Callable[[], list[str]]:
    return lambda: [path, f"{path}?next=/", f"{path}?code=x&state=y"]


PLAIN: dict[str, Callable[[], list[str]]] = {
    path: (lambda path=path: [path])
    for path in (
        "/",
        "/docs",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/api/holdings",
        "/api/session",
        "/api/colormaps",
    )
}
FILLED: dict[str, Callable[[], list[str]]] = PLAIN | {
    "/metrics": lambda: ["/metrics"],
    "/api/search": _search,
    "/api/resolve": lambda: ["/api/resolve?name=M31", "/api/resolve"],
    "/api/layers/{layer}": lambda: of_layers(""),
    "/api/layers/{layer}/tiles/{level}/{row}/{col}.{ext}": _tiles,
    "/api/layers/{layer}/values": lambda: of_layers(
        "/values", "?x=5&y=6", "?ra=150&dec=2", "?x=1", "?x=nan&y=1", "?ra=1&x=1"
    ),
    "/api/layers/{layer}/histogram": lambda: of_layers(
        "/histogram", "", "?bins=8&exact=1", "?bins=0", "?vmin=5&vmax=1"
    ),
    "/api/layers/{layer}/header": lambda: of_layers("/header"),
    "/api/layers/{layer}/headers": lambda: of_layers("/headers"),
    "/api/layers/{layer}/skygrid": lambda: of_layers("/skygrid", f"?{GRID}", "?x0=a", ""),
    "/api/layers/{layer}/pixelgrid": _pixelgrids,
    "/api/layers/{layer}/image.{ext}": lambda: of_layers(
        "", f"/image.png?{WINDOW}", f"/image.jpg?{WINDOW}&cmap=none", "/image.xyz", "/image.png?x0=5&x1=5"
    ),
    "/api/layers/{layer}/cutout": lambda: of_layers(
        "/cutout",
        f"?{CIRCLE}",
        f"?{WINDOW}&format=png",
        f"?{CIRCLE}&estimate=1",
        "?POS=x",
        "",
        "?POS=CIRCLE%200%200%201",
    ),
    "/api/layers/{layer}/outline": lambda: of_layers("/outline", f"?{CIRCLE}", "?POS=x", ""),
    "/api/layers/{layer}/aperture": lambda: of_layers(
        "/aperture", "?ra=150&dec=2&radius=0.01", "?ra=1", "?ra=1&dec=2&radius=99"
    ),
    "/api/sources/{source_group}": lambda: of_groups(""),
    "/api/sources/{source_group}/points": _points,
    "/api/sources/{source_group}/rows": _rows,
    "/api/sources/{source_group}/rows/{row}": lambda: of_groups("/rows/3", "", "?v=x") + of_groups("/rows/999"),
    **{f"{path}capabilities": (lambda path=path: [f"{path}capabilities"]) for path in VO_OPEN},
    **{f"{path}availability": (lambda path=path: [f"{path}availability"]) for path in VO_OPEN},
    "/vo/tables": lambda: ["/vo/tables", "/vo/tables?detail=min", "/vo/tables?detail=none"],
    "/vo/tables/{name}": lambda: [f"/vo/tables/{name}" for name in (*GROUPS, "ivoa.obscore")],
    "/vo/scs/{catalog}": _cones,
    "/vo/scs/{catalog}/capabilities": lambda: [f"/vo/scs/{name}/capabilities" for name in GROUPS],
    "/vo/datalink/links": _links,
    "/vo/sia2": lambda: [url for url in _images() if "/query" not in url],
    "/vo/sia2/query": lambda: [url for url in _images() if "/query" in url],
    "/vo/sia": _images_by_place,
    "/vo/soda/sync": _cutouts,
    "/vo/soda/async": _jobs,
    "/vo/soda/async/{job_id}": _job(""),
    "/vo/soda/async/{job_id}/phase": _job("/phase?PHASE=RUN"),
    "/vo/soda/async/{job_id}/destruction": _job("/destruction"),
    "/vo/soda/async/{job_id}/executionduration": _job("/executionduration"),
    "/vo/soda/async/{job_id}/quote": _job("/quote"),
    "/vo/soda/async/{job_id}/owner": _job("/owner"),
    "/vo/soda/async/{job_id}/runid": _job("/runid"),
    "/vo/soda/async/{job_id}/parameters": _job("/parameters?ID=hidden"),
    "/vo/soda/async/{job_id}/results": _job("/results"),
    "/vo/soda/async/{job_id}/results/{result_id}": _job("/results/cutout-1"),
    "/vo/soda/async/{job_id}/error": _job("/error"),
    pages.STYLE_PATH: door_page(pages.STYLE_PATH),
    guests.LOGIN: lambda: ["/login", "/login?next=/?layer=hidden"],
    guests.LOGOUT: door_page("/logout"),
    guests.API_LOGIN: door_page(guests.API_LOGIN),
    guests.API_LOGOUT: door_page(guests.API_LOGOUT),
    oidc.CALLBACK: door_page(oidc.CALLBACK),
    "/callback": door_page("/callback"),
}
"""How each route is asked. A route that is not here fails the tests: give it a line that asks for hidden things."""

DOOR_PATHS = accounts.AccountsDoor.paths | oidc.OidcDoor.paths | soauth.SoauthDoor.paths
APPLICATION_PATHS = {"/", "/docs", "/healthz", "/readyz", "/api/layers/{layer}/tiles/{level}/{row}/{col}.{ext}"}
"""What the application answers before the web framework."""


def api_routes(app: Application) -> Iterator[tuple[str, frozenset[str]]]:
    """Path and methods of every route of the web framework, also of routers that were included."""
    waiting = list(make_api(app.services).routes)
    while waiting:
        route = waiting.pop()
        inside = getattr(route, "original_router", None)
        if inside is not None:
            assert not route.include_context.prefix, "routers bring their own prefix"
            waiting.extend(inside.routes)
        else:
            # A mount or a websocket has no methods: whoever adds one must say here how it is tested.
            assert isinstance(route.path, str)
            yield route.path, frozenset(route.methods)
