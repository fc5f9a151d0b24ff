/** Which form of the panel of jobs is open, and what was chosen in it before. */
import type { JobForm, Packaging } from "./job-wish";
import { Store } from "./state";

export interface JobForms {
  open: "region" | "list" | null;
  form: JobForm;
  packaging: Packaging;
  allSlices: boolean;
  /** Layers besides the one that is shown. */
  others: readonly string[];
  /** As it is typed. */
  radius: string;
  unit: "″" | "′" | "°";
  /** Kept while the panel is closed. */
  file: File | null;
}

export const jobForms = new Store<JobForms>({
  open: null,
  form: "fits",
  packaging: "zip",
  allSlices: true,
  others: [],
  radius: "30",
  unit: "″",
  file: null,
});
