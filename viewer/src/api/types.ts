/** JSON of the HTTP API (docs/reference/http.md). Positions are ICRS degrees; pixels are 0-based centres, y upward. */

export interface LayerEntry {
  layer_id: string;
  name: string;
  description: string;
  quantity: string | null;
  units: string | null;
  status: "ready" | "unavailable";
  cube: Cube | null;
}
export interface Band {
  band_id: string;
  name: string;
  description: string;
  layers: LayerEntry[];
}
export interface MapEntry {
  map_id: string;
  name: string;
  description: string;
  bands: Band[];
}
export interface MapGroup {
  map_group_id: string;
  name: string;
  description: string;
  maps: MapEntry[];
}
export interface Problem {
  name: string;
  code: string;
  message: string;
}
/** A catalog on offer. */
export interface SourceGroupEntry {
  source_group_id: string;
  name: string;
  description: string;
  status: "ready" | "unavailable";
  /** Null until it was read. */
  count: number | null;
  style: { color: string | null; shape: string | null; size: number | null; size_column: string | null };
}
/** A box of the configuration: from `bottom_right_ra` eastward to `top_left_ra`. */
export interface BoxEntry {
  box_id: string;
  name: string;
  description: string;
  top_left_ra: number;
  top_left_dec: number;
  bottom_right_ra: number;
  bottom_right_dec: number;
}
export interface HoldingsTree {
  title: string;
  version: string;
  scanning: boolean;
  map_groups: MapGroup[];
  source_groups?: SourceGroupEntry[];
  boxes?: BoxEntry[];
  problems: Problem[];
}

export interface CubeAxis {
  name: string;
  length: number;
  unit: string;
  values: number[] | null;
  labels: string[] | null;
}
export interface Cube {
  axes: CubeAxis[];
  index: number[];
  base: string;
}

export type StretchName = "linear" | "sqrt" | "log" | "asinh" | "power" | "histeq";

export interface LayerInfo {
  id: string;
  name: string;
  description: string;
  path: string[];
  shape: [number, number];
  dtype: string;
  units: string | null;
  quantity: string | null;
  range: [number, number];
  range_symmetric: boolean;
  stretch: StretchName;
  cmap: string;
  levels: number;
  tile_size: number;
  version: string;
  frame: string | null;
  projection: string | null;
  wcs: Record<string, unknown> | null;
  pixel_scale_deg: number | null;
  parity: number | null;
  wrap_period_px: number | null;
  full_circle: boolean;
  coverage: [number, number, number, number];
  center: { ra: number; dec: number } | null;
  cube: Cube | null;
  hdu: number;
  extname: string;
  dtype_stored: string;
  overviews: { ready: boolean; progress: number };
  notes: string[];
}

export interface ValueAnswer {
  value: number | null;
  x: number | null;
  y: number | null;
  ra: number | null;
  dec: number | null;
  galactic: [number, number] | null;
  ecliptic: [number, number] | null;
  inside: boolean;
  units: string | null;
  version: string;
}

export interface Histogram {
  counts: number[];
  edges: number[];
  nan: number;
  below: number;
  above: number;
  total: number;
  exact: boolean;
  minimum: number | null;
  maximum: number | null;
  mean: number | null;
  std: number | null;
  percentiles: Record<string, number>;
  units: string | null;
  zscale: [number, number] | null;
}

export interface Colormaps {
  names: string[];
  categories: Record<string, string[]>;
  tables: Record<string, string>;
}

export interface HeaderEntry {
  index: number;
  name: string;
  text: string;
}
