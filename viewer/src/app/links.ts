/** Pages of others about a position. */

export interface SkyLink {
  name: string;
  title: string;
  href: string;
}

const LEGACY_ARCSEC_AT_16 = 0.262;

/** Positions as their pages read them: degrees, plain figures. */
const figures = (degrees: number): string => String(Number(degrees.toFixed(7)));

/** `10.68458 +41.26917`: the sign tells declination from right ascension. */
const pair = (ra: number, dec: number): string => `${figures(ra)} ${dec < 0 ? "" : "+"}${figures(dec)}`;

function address(base: string, query: Record<string, string>): string {
  const url = new URL(base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

const clamp = (value: number, lo: number, hi: number): number => Math.min(Math.max(value, lo), hi);

/**
 * Links for a position.
 *
 * `fovDeg`: width of the field that is looked at. The search radius is a fiftieth of it, 5″ to 10′.
 */
export function skyLinks(ra: number, dec: number, fovDeg: number | null = null): SkyLink[] {
  const longitude = ((ra % 360) + 360) % 360;
  const fov = clamp(fovDeg ?? 0.2, 0.005, 180);
  const radius = clamp(Math.round((fov * 3600) / 50), 5, 600);
  const zoom = clamp(Math.round(16 - Math.log2((fov * 3600) / 1000 / LEGACY_ARCSEC_AT_16)), 1, 18);
  const within = radius >= 120 ? `${Math.round(radius / 60)}′` : `${radius}″`;
  return [
    {
      name: "SIMBAD",
      title: `Objects within ${within} in SIMBAD`,
      href: address("https://simbad.cds.unistra.fr/simbad/sim-coo", {
        Coord: pair(longitude, dec),
        CooFrame: "ICRS",
        Radius: String(radius),
        "Radius.unit": "arcsec",
      }),
    },
    {
      name: "VizieR",
      title: `Catalogs within ${within} in VizieR`,
      href: address("https://vizier.cds.unistra.fr/viz-bin/VizieR-4", {
        "-c": pair(longitude, dec),
        "-c.rs": String(radius),
      }),
    },
    {
      name: "Legacy Survey",
      title: "Pictures in the Legacy Survey viewer",
      href: address("https://www.legacysurvey.org/viewer", {
        ra: figures(longitude),
        dec: figures(dec),
        layer: "ls-dr10",
        zoom: String(zoom),
        mark: `${figures(longitude)},${figures(dec)}`,
      }),
    },
    {
      name: "ESASky",
      title: "Pictures in ESASky",
      href: address("https://sky.esa.int/esasky/", {
        target: `${figures(longitude)} ${figures(dec)}`,
        fov: figures(fov),
        cooframe: "J2000",
        sci: "false",
      }),
    },
  ];
}
