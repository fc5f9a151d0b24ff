/** What lies under the pointer, and the pointer's own events. */
import { isData } from "../tiles/cache";
import { factorOf, modulo } from "../tiles/cover";
import type { TileSource } from "../tiles/source";
import type { Handle, Overlay } from "./overlay/overlay";
import type { Grab, PointerReading } from "./types";

const REST_MS = 120;
const CURSORS: Record<Handle | "map", string> = { minimap: "pointer", divider: "ew-resize", map: "crosshair" };

/** Value of the finest tile that is here, up to `level`, at a pixel. */
export function readTile(
  source: TileSource,
  level: number,
  x: number,
  y: number,
): Pick<PointerReading, "value" | "meanOf"> {
  const { grid } = source;
  const u = grid.period === null ? x + 0.5 : modulo(x + 0.5, grid.period);
  const v = grid.ny - 0.5 - y;
  const exact = factorOf(grid, level);
  if (u < 0 || v < 0 || u >= grid.nx || v >= grid.ny) return { value: null, meanOf: exact };
  const side = grid.tileSize * exact;
  const tile = source.standIn({ level, row: Math.floor(v / side), col: Math.floor(u / side), copy: 0 });
  if (!tile?.data) return { value: undefined, meanOf: exact };
  const factor = factorOf(grid, tile.level);
  const row = Math.floor(v / factor) - tile.row * grid.tileSize;
  const col = Math.floor(u / factor) - tile.col * grid.tileSize;
  const value = tile.data[row * grid.tileSize + col];
  return { value: isData(value) ? value : null, meanOf: factor };
}

export interface PointerHost {
  reading(sx: number, sy: number): PointerReading | null;
  emit(name: string, detail: unknown): void;
  /** Bring a pixel of the plane to the middle (minimap). */
  move(x: number, y: number): void;
  /** Divide the swipe here, 0 to 1. */
  divide(place: number): void;
}

export class PointerWatch {
  private at: [number, number] | null = null;
  private told = "";
  private last: PointerReading | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private steering: Handle | null = null;
  private grabbed: Grab | null = null;
  /** The pointer that steers or drags: those of further fingers are not listened to. */
  private holder: number | null = null;
  private readonly control = new AbortController();

  constructor(
    private readonly element: HTMLElement,
    private readonly overlay: Overlay,
    private readonly host: PointerHost,
  ) {
    const { signal } = this.control;
    const early = { capture: true, signal };
    element.addEventListener("pointerdown", (event) => this.down(event), early);
    element.addEventListener("pointermove", (event) => this.moved(event), early);
    element.addEventListener("pointerup", (event) => this.up(event), early);
    element.addEventListener("pointercancel", (event) => this.up(event, true), early);
    window.addEventListener("keydown", (event) => this.escape(event), early);
    element.addEventListener("pointerleave", () => this.left(), { signal });
  }

  /** The view or the tiles have changed under a pointer that stands still. */
  refresh(): void {
    if (this.at) this.tell();
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.control.abort();
  }

  private place(event: PointerEvent): [number, number] {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private down(event: PointerEvent): void {
    const at = this.place(event);
    if (this.holder !== null) {
      // A second finger means the map: what the first one drags goes back.
      this.release(true);
      event.stopPropagation();
      return;
    }
    if (event.button !== 0) return;
    const handle = this.overlay.handle(...at);
    this.grabbed = handle ? null : this.overlay.drawings.grab(...at, event);
    if (!handle && !this.grabbed) return;
    this.steering = handle;
    this.holder = event.pointerId;
    this.element.setPointerCapture(event.pointerId);
    event.stopPropagation();
    event.preventDefault();
    if (handle) this.steer(at);
  }

  private moved(event: PointerEvent): void {
    if (this.holder !== null && event.pointerId !== this.holder) return;
    const at = this.place(event);
    if (this.steering) {
      event.stopPropagation();
      this.steer(at);
      return;
    }
    if (this.grabbed) {
      event.stopPropagation();
      this.grabbed.move(...at, event);
    } else this.element.style.cursor = this.cursor(at);
    this.at = at;
    this.tell();
  }

  private cursor(at: [number, number]): string {
    const handle = this.overlay.handle(...at);
    return handle ? CURSORS[handle] : (this.overlay.drawings.cursor(...at) ?? CURSORS.map);
  }

  private escape(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !this.grabbed) return;
    this.release(true);
    event.stopPropagation();
    event.preventDefault();
  }

  private up(event: PointerEvent, cancelled = false): void {
    if (this.holder === null || event.pointerId !== this.holder) return;
    this.release(cancelled);
    event.stopPropagation();
  }

  private release(cancelled: boolean): void {
    const { grabbed, holder } = this;
    this.grabbed = null;
    this.steering = null;
    this.holder = null;
    if (holder !== null && this.element.hasPointerCapture(holder)) this.element.releasePointerCapture(holder);
    grabbed?.end(cancelled);
  }

  private left(): void {
    this.at = null;
    this.renew();
    clearTimeout(this.timer);
    this.host.emit("pointer", null);
  }

  private steer([sx, sy]: [number, number]): void {
    if (this.steering === "divider") {
      this.host.divide(sx / this.element.clientWidth);
      return;
    }
    const pixel = this.overlay.minimapPixel(sx, sy);
    if (pixel) this.host.move(...pixel);
  }

  /** Other pixels are under a pointer that rests: tell of them, to the exact value. */
  renew(): void {
    this.told = "";
    this.last = null;
  }

  private tell(): void {
    if (!this.at) return;
    const reading = this.host.reading(...this.at);
    const words = JSON.stringify([reading, reading?.value === undefined]);
    if (!reading || words === this.told) return;
    this.told = words;
    this.host.emit("pointer", reading);
    if (reading.x === this.last?.x && reading.y === this.last.y) return;
    this.last = reading;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), REST_MS);
  }

  private rest(): void {
    const reading = this.at && this.host.reading(...this.at);
    if (reading) this.host.emit("rest", reading);
  }
}
