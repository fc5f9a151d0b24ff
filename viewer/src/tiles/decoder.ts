/** Tiles are decoded beside the page, in a worker; on the page itself where workers are not to be had. */
import { NO_DATA } from "./cache";
import { decodeTile } from "./decode";

export type TileKind = "q16" | "f32";

export interface DecodeRequest {
  id: number;
  buffer: ArrayBuffer;
  kind: TileKind;
  tileSize: number;
}

export interface DecodeAnswer {
  id: number;
  values?: Float32Array<ArrayBuffer>;
  error?: string;
}

/** Values of a tile, with `NO_DATA` in the place of NaN. */
export function decodeForGpu(buffer: ArrayBuffer, kind: TileKind, tileSize: number): Float32Array<ArrayBuffer> {
  const values = decodeTile(buffer, kind, tileSize);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) values[i] = NO_DATA;
  }
  return values;
}

interface Waiting {
  resolve(values: Float32Array): void;
  reject(error: Error): void;
  request: DecodeRequest;
}

export class Decoder {
  private worker: Worker | null = null;
  private next = 0;
  private readonly waiting = new Map<number, Waiting>();

  constructor() {
    try {
      this.worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
      this.worker.onmessage = (event: MessageEvent<DecodeAnswer>) => this.answered(event.data);
      this.worker.onerror = () => this.abandonWorker();
    } catch {
      this.worker = null;
    }
  }

  decode(buffer: ArrayBuffer, kind: TileKind, tileSize: number): Promise<Float32Array> {
    if (!this.worker) return Promise.resolve().then(() => decodeForGpu(buffer, kind, tileSize));
    const request: DecodeRequest = { id: this.next++, buffer, kind, tileSize };
    return new Promise((resolve, reject) => {
      this.waiting.set(request.id, { resolve, reject, request });
      this.worker?.postMessage(request);
    });
  }

  destroy(): void {
    this.worker?.terminate();
    this.worker = null;
    this.waiting.clear();
  }

  private answered({ id, values, error }: DecodeAnswer): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (values) waiting?.resolve(values);
    else waiting?.reject(new Error(error ?? "The tile could not be decoded."));
  }

  /** The worker would not start: its buffers were copied, so everything can still be decoded here. */
  private abandonWorker(): void {
    this.worker?.terminate();
    this.worker = null;
    for (const [id, { request }] of [...this.waiting]) {
      try {
        this.answered({ id, values: decodeForGpu(request.buffer, request.kind, request.tileSize) });
      } catch (error) {
        this.answered({ id, error: String(error) });
      }
    }
  }
}
