/** Which form of the panel of jobs is open, and what was chosen in it before. */
import type { SkyRegion } from "../sky/regions";
import type { ShapeName } from "../sky/shapes";
import type { JobForm, Packaging } from "./job-wish";
import { Store } from "./state";

export interface JobForms {
  open: "region" | "list" | null;
  /** What is cut out: `view`, or the id of a box or an aperture. */
  place: string;
  /** As the pixels lie, until one is chosen. */
  shape: ShapeName | null;
  /** Of the next job; empty: the one that is proposed. */
  name: string;
  form: JobForm;
  packaging: Packaging;
  allSlices: boolean;
  /** Layers besides the one that is shown. */
  others: readonly string[];
  /** As it is typed. */
  radius: string;
  unit: "″" | "′" | "°";
  /** What the form would cut out, where that is not just what one sees. */
  preview: SkyRegion | null;
  /** Kept while the panel is closed. */
  file: File | null;
}

export const VIEW = "view";

export const jobForms = new Store<JobForms>({
  open: null,
  place: VIEW,
  shape: null,
  name: "",
  form: "fits",
  packaging: "zip",
  allSlices: true,
  others: [],
  radius: "30",
  unit: "″",
  preview: null,
  file: null,
});
