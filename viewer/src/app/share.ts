/** Taking the view away: its address, the position, a picture. */
import { api, request } from "../api/client";
import { flushUrl } from "./address";
import { formatDec, formatRaHours } from "./format";
import { grouped } from "./numbers";
import { positionWords } from "./readout";
import { say, sayFailure, session } from "./session";
import { store } from "./store-controller";

const MOST_MPX = 64;

export async function copy(text: string, said: string): Promise<void> {
  const done = (await viaClipboard(text)) || viaSelection(text);
  if (done) say(said);
  else say("The browser did not allow copying. Select the text and copy it by hand.", "fault");
}

async function viaClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not a secure context, or refused
  }
}

function viaSelection(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("readonly", "");
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

export const shareView = (): Promise<void> => copy(flushUrl(), "The address of this view is copied.");

/** The position under the pointer, or that of the centre. */
export async function copyPosition(): Promise<void> {
  const { pointer, view, info } = store.state;
  if (pointer) {
    const words = positionWords(store.state, pointer, store.state.exact);
    const text = words.ra ? `${words.ra} ${words.dec}` : `x=${words.x} y=${words.y}`;
    return copy(text, `Copied ${text}`);
  }
  if (!view || !info) return;
  const scale = info.pixel_scale_deg;
  const sky = view.ra !== null && view.dec !== null;
  const text = sky
    ? `${formatRaHours(view.ra as number, scale)} ${formatDec(view.dec as number, scale)}`
    : `x=${view.x.toFixed(1)} y=${view.y.toFixed(1)}`;
  return copy(text, `Copied the centre: ${text}`);
}

export function download(href: string, name: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

const fileName = (suffix: string): string =>
  `${(store.state.info?.id ?? "armillary").replace(/[^\w.-]+/g, "_")}${suffix}.png`;

async function save(picture: () => Promise<Blob>, suffix: string, said: string): Promise<void> {
  try {
    const url = URL.createObjectURL(await picture());
    download(url, fileName(suffix));
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    say(said);
  } catch (error) {
    sayFailure(error);
  }
}

export async function snapshotScreen(): Promise<void> {
  const { map } = session;
  if (map) await save(() => map.snapshot(), "-screen", "The picture of the screen is saved.");
}

export interface NativeWindow {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  width: number;
  height: number;
  megapixels: number;
  allowed: boolean;
}

/** The part of the plane in view, at its own resolution. */
export function nativeWindow(): NativeWindow | null {
  const part = session.map?.visibleWindow;
  const { info } = store.state;
  if (!part || !info) return null;
  const [ny, nx] = info.shape;
  const x0 = Math.max(0, Math.floor(part.x0));
  const y0 = Math.max(0, Math.floor(part.y0));
  const x1 = Math.min(nx, Math.ceil(part.x1));
  const y1 = Math.min(ny, Math.ceil(part.y1));
  if (x1 <= x0 || y1 <= y0) return null;
  const megapixels = ((x1 - x0) * (y1 - y0)) / 1e6;
  return { x0, y0, x1, y1, width: x1 - x0, height: y1 - y0, megapixels, allowed: megapixels <= MOST_MPX };
}

export async function snapshotNative(): Promise<void> {
  const part = nativeWindow();
  const { info, style } = store.state;
  if (!part || !info || !style) return say("No pixel of the layer is in view.", "fault");
  if (!part.allowed) {
    const size = `${grouped(part.width)} × ${grouped(part.height)} px, ${part.megapixels.toFixed(0)} Mpx`;
    return say(`The part in view is ${size}; at most ${MOST_MPX} Mpx can be saved. Zoom in and try again.`, "fault");
  }
  const { x0, y0, x1, y1 } = part;
  const { vmin, vmax, stretch, cmap, gamma, invert, absolute } = style;
  const query = { x0, y0, x1, y1, vmin, vmax, stretch, cmap, gamma, invert: invert ? 1 : 0, abs: absolute ? 1 : 0 };
  const size = `${grouped(part.width)} × ${grouped(part.height)} px`;
  say(`Drawing ${size}…`);
  const url = api.imageUrl(info.id, "png", query);
  await save(async () => (await request(url)).blob(), "-native", `The picture of ${size} is saved.`);
}
