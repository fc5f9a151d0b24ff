/** What is drawn over the map by boxes and apertures, and what belongs to it for the life of the page. */
import type { SkyMapApi } from "../map/types";
import { ApertureDrawing } from "./aperture-drawing";
import { startStatistics } from "./aperture-statistics";
import { type Aperture, keepAperturesInAddress } from "./apertures";
import { BoxDrawing } from "./box-drawing";
import { type Box, hoverBox, keepBoxesInAddress } from "./boxes";
import { JobDrawing } from "./job-drawing";
import { store } from "./store-controller";

const boxDrawing = new BoxDrawing();
const apertureDrawing = new ApertureDrawing();

export function startDrawings(map: SkyMapApi): void {
  keepBoxesInAddress();
  keepAperturesInAddress();
  map.addDrawing(boxDrawing);
  map.addDrawing(apertureDrawing);
  map.addDrawing(new JobDrawing());
  map.addEventListener("pointer", (event) => {
    if ((event as CustomEvent).detail === null) hoverBox(null);
  });
  // Handles are there while their panel is.
  store.subscribe(["leftPanel", "leftOpen", "sheet", "narrow", "fullScreen"], () => map.redraw());
  startStatistics();
}

/** Move by pixels of the screen. */
export const nudgeBox = (box: Box, dx: number, dy: number): void => boxDrawing.nudge(box, dx, dy);
export const nudgeAperture = (aperture: Aperture, dx: number, dy: number): void =>
  apertureDrawing.nudge(aperture, dx, dy);
