import { expect, it } from "vitest";
import type { LayerInfo } from "../api/types";
import { sameGeometry } from "./compare";

const layer = (changes: object): LayerInfo =>
  ({
    shape: [10, 20],
    wcs: { crval: [1, 2] },
    projection: "TAN",
    path: ["data", "a.fits", "HDU 1"],
    ...changes,
  }) as unknown as LayerInfo;

it("takes layers of one shape and one solution as one geometry", () => {
  const other = { path: ["data", "b.fits", "HDU 1"] };
  expect(sameGeometry(layer({}), layer(other))).toBe(true);
  expect(sameGeometry(layer({}), layer({ shape: [10, 21] }))).toBe(false);
  expect(sameGeometry(layer({}), layer({ wcs: { crval: [1, 3] } }))).toBe(false);
  expect(sameGeometry(layer({ wcs: null, projection: null }), layer({ wcs: null, projection: null }))).toBe(true);
});

it("trusts distorted solutions within one file only", () => {
  const distorted = { projection: "TAN-SIP" };
  expect(sameGeometry(layer(distorted), layer({ ...distorted, path: ["data", "a.fits", "HDU 2"] }))).toBe(true);
  expect(sameGeometry(layer(distorted), layer({ ...distorted, path: ["data", "b.fits", "HDU 1"] }))).toBe(false);
});
