/** Draws float tiles with WebGL 2: one texture a tile, colours computed for every fragment. */
import type { StretchName } from "../api/types";
import type { DisplayStyle } from "../map/types";
import type { Tile } from "../tiles/cache";
import type { ColourTables } from "./colours";
import { intersect, type Mesh, type Painter, type Painting, type Patch } from "./painter";
import { FRAGMENT, VERTEX } from "./shaders";

const STRETCHES: Record<StretchName, number> = { linear: 0, sqrt: 1, log: 2, asinh: 3, power: 4, histeq: 5 };
const UNIFORMS = [
  "viewport",
  "tile",
  "colours",
  "equal",
  "clip",
  "corner",
  "factor",
  "range",
  "stretch",
  "gamma",
  "inverted",
  "absolute",
  "smoothly",
  "opacity",
] as const;
type Uniform = (typeof UNIFORMS)[number];

interface Resources {
  program: WebGLProgram;
  at: Record<Uniform, WebGLUniformLocation | null>;
  vertices: WebGLBuffer;
  tiles: Map<Tile, WebGLTexture>;
  colours: Map<string, WebGLTexture>;
  equal: WebGLTexture;
  equalOf: Float32Array | null;
}

const ATTRIBUTES = { alpha: true, antialias: false, depth: false, premultipliedAlpha: true } as const;

export class GlPainter implements Painter {
  private resources: Resources | null = null;
  private height = 0;

  /** Null where WebGL 2 or float textures are missing. */
  static create(tables: ColourTables, onRestored: () => void): GlPainter | null {
    const canvas = document.createElement("canvas");
    const gl = canvas.getContext("webgl2", ATTRIBUTES) as WebGL2RenderingContext | null;
    if (!gl) return null;
    try {
      return new GlPainter(canvas, gl, tables, onRestored);
    } catch {
      return null;
    }
  }

  private constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly gl: WebGL2RenderingContext,
    private readonly tables: ColourTables,
    onRestored: () => void,
  ) {
    this.resources = this.build();
    if (!this.floatTexturesWork()) throw new Error("no float textures");
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.resources = null;
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.resources = this.build();
      onRestored();
    });
  }

  begin(width: number, height: number): void {
    const { gl, canvas } = this;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    this.height = height;
    gl.viewport(0, 0, width, height);
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.resources) return;
    gl.useProgram(this.resources.program);
    gl.uniform2f(this.resources.at.viewport, width, height);
    gl.enable(gl.SCISSOR_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  paint(painting: Painting): void {
    const { resources } = this;
    if (!resources || painting.patches.length === 0 || painting.mesh.screen.length === 0) return;
    // Shaders have 24 bits of mantissa: places are given from a corner near by, not from the plane's.
    const origin: [number, number] = [Math.floor(painting.patches[0].clip.u0), Math.floor(painting.patches[0].clip.v0)];
    this.upload(resources, painting.mesh, origin);
    this.setStyle(resources, painting.style, painting);
    for (const patch of painting.patches) this.draw(resources, patch, painting, origin);
  }

  drop(tile: Tile): void {
    const texture = this.resources?.tiles.get(tile);
    if (!texture) return;
    this.gl.deleteTexture(texture);
    this.resources?.tiles.delete(tile);
  }

  destroy(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
    this.resources = null;
  }

  private draw(r: Resources, patch: Patch, { mesh, window }: Painting, [u, v]: [number, number]): void {
    const { gl } = this;
    const bounds = intersect(patch.bounds, window);
    if (!bounds || !patch.tile.data) return;
    gl.scissor(bounds.x0, this.height - bounds.y1, bounds.x1 - bounds.x0, bounds.y1 - bounds.y0);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.texture(r, patch.tile, patch.tile.data));
    const { clip } = patch;
    gl.uniform4f(r.at.clip, clip.u0 - u, clip.v0 - v, clip.u1 - u, clip.v1 - v);
    gl.uniform2f(r.at.corner, patch.u - u, patch.v - v);
    gl.uniform1f(r.at.factor, patch.factor);
    gl.drawArrays(gl.TRIANGLES, 0, mesh.screen.length / 2);
  }

  private setStyle(r: Resources, style: DisplayStyle, painting: Painting): void {
    const { gl } = this;
    const equal = style.stretch === "histeq" ? painting.equalisation : null;
    const stretch = style.stretch === "histeq" && !equal ? "linear" : style.stretch;
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.colourTexture(r, style.cmap));
    gl.activeTexture(gl.TEXTURE2);
    gl.bindTexture(gl.TEXTURE_2D, r.equal);
    if (equal && equal !== r.equalOf) {
      this.fill(gl.R32F, equal.length, 1, gl.RED, gl.FLOAT, equal);
      r.equalOf = equal;
    }
    gl.uniform2f(r.at.range, style.vmin, style.vmax);
    gl.uniform1i(r.at.stretch, STRETCHES[stretch]);
    gl.uniform1f(r.at.gamma, style.gamma);
    gl.uniform1i(r.at.inverted, style.invert ? 1 : 0);
    gl.uniform1i(r.at.absolute, style.absolute ? 1 : 0);
    gl.uniform1i(r.at.smoothly, painting.smooth ? 1 : 0);
    gl.uniform1f(r.at.opacity, painting.opacity);
  }

  private upload(r: Resources, mesh: Mesh, [u, v]: [number, number]): void {
    const { gl } = this;
    const count = mesh.screen.length / 2;
    const packed = new Float32Array(4 * count);
    for (let i = 0; i < count; i++) {
      packed[4 * i] = mesh.screen[2 * i];
      packed[4 * i + 1] = mesh.screen[2 * i + 1];
      packed[4 * i + 2] = mesh.plane[2 * i] - u;
      packed[4 * i + 3] = mesh.plane[2 * i + 1] - v;
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, r.vertices);
    gl.bufferData(gl.ARRAY_BUFFER, packed, gl.STREAM_DRAW);
  }

  private texture(r: Resources, tile: Tile, data: Float32Array): WebGLTexture {
    const known = r.tiles.get(tile);
    if (known) return known;
    const texture = this.newTexture();
    const side = Math.round(Math.sqrt(data.length));
    this.fill(this.gl.R32F, side, side, this.gl.RED, this.gl.FLOAT, data);
    r.tiles.set(tile, texture);
    return texture;
  }

  private colourTexture(r: Resources, name: string): WebGLTexture {
    const table = this.tables.table(name);
    // While the tables are on their way every name is grey: keep grey's own texture for that.
    const key = table === this.tables.table("gray") ? "gray" : name;
    const known = r.colours.get(key);
    if (known) return known;
    this.gl.activeTexture(this.gl.TEXTURE1);
    const texture = this.newTexture();
    this.fill(this.gl.RGBA8, 256, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, table);
    r.colours.set(key, texture);
    return texture;
  }

  private fill(internal: number, w: number, h: number, format: number, type: number, data: ArrayBufferView): void {
    this.gl.texImage2D(this.gl.TEXTURE_2D, 0, internal, w, h, 0, format, type, data);
  }

  private newTexture(): WebGLTexture {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  }

  private build(): Resources {
    const { gl } = this;
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const program = this.link();
    const at = {} as Resources["at"];
    for (const name of UNIFORMS) at[name] = gl.getUniformLocation(program, name);
    gl.useProgram(program);
    gl.uniform1i(at.tile, 0);
    gl.uniform1i(at.colours, 1);
    gl.uniform1i(at.equal, 2);
    const vertices = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, vertices);
    ["place", "plane"].forEach((name, i) => {
      const location = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, 2, gl.FLOAT, false, 16, 8 * i);
    });
    const equal = this.newTexture();
    this.fill(gl.R32F, 2, 1, gl.RED, gl.FLOAT, new Float32Array([0, 1]));
    return { program, at, vertices, tiles: new Map(), colours: new Map(), equal, equalOf: null };
  }

  private link(): WebGLProgram {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [type, text] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(type);
      if (!shader) throw new Error("no shader");
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(program) ?? "The shaders do not link.");
    }
    return program;
  }

  /** Draw one value through the whole chain and look at the pixel: drivers lie about formats. */
  private floatTexturesWork(): boolean {
    const { gl } = this;
    const data = new Float32Array(4).fill(0.75);
    const tile = { data, key: "", level: 0, row: 0, col: 0, bitmap: null, preview: false, bytes: 16, frame: 0 };
    const box = { x0: 0, y0: 0, x1: 2, y1: 2 };
    const clip = { u0: 0, v0: 0, u1: 2, v1: 2 };
    this.begin(2, 2);
    this.paint({
      mesh: { screen: new Float32Array([0, 0, 4, 0, 0, 4]), plane: new Float64Array([0, 0, 4, 0, 0, 4]) },
      patches: [{ tile, clip, u: 0, v: 0, factor: 1, bounds: box }],
      style: { vmin: 0, vmax: 1, stretch: "linear", gamma: 1, cmap: "gray", invert: false, absolute: false },
      equalisation: null,
      opacity: 1,
      window: box,
      smooth: false,
    });
    const pixel = new Uint8Array(4);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    this.drop(tile);
    return gl.getError() === gl.NO_ERROR && Math.abs(pixel[0] - 192) <= 2;
  }
}
