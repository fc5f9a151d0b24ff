/** On the map while the panel of jobs is open: what the job that is looked at cut out, or the form would. */
import { BRASS } from "../map/handles";
import { toScreenLines, tracePath } from "../map/outline";
import { haloStroke } from "../map/overlay/frame";
import type { DrawFrame, MapDrawing } from "../map/types";
import type { SkyRegion } from "../sky/regions";
import { jobForms } from "./job-forms";
import { regionsOf } from "./job-regions";
import { jobOf, jobs } from "./jobs";
import { Outlines } from "./outlines";
import { isOpen } from "./panels";
import { session } from "./session";

const DASHES = [5, 4];

export class JobDrawing implements MapDrawing {
  private readonly outlines = new Outlines(() => session.map?.redraw());

  constructor() {
    jobs.subscribe(["selected", "list"], () => isOpen("jobs") && session.map?.redraw());
  }

  draw(context: CanvasRenderingContext2D, frame: DrawFrame): void {
    if (!isOpen("jobs")) return;
    const { preview } = jobForms.state;
    for (const region of regionsOf(jobOf(jobs.state.selected)?.info ?? null)) this.trace(context, frame, region);
    if (preview) this.trace(context, frame, preview, DASHES);
  }

  private trace(context: CanvasRenderingContext2D, frame: DrawFrame, region: SkyRegion, dashes: number[] = []): void {
    const lines = this.outlines.lines(frame.info, region);
    if (!lines) return;
    tracePath(context, toScreenLines(frame, lines));
    context.lineJoin = "round";
    context.setLineDash(dashes);
    haloStroke(context, BRASS, 1.6, "rgba(0, 0, 0, 0.55)");
    context.setLineDash([]);
  }
}
