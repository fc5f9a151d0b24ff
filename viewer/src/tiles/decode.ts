/** Values of a tile, `tileSize`², row 0 at the top, NaN where there is no data. */
export function decodeTile(buffer: ArrayBuffer, kind: "q16" | "f32", tileSize: number): Float32Array {
  if (kind !== "f32" || buffer.byteLength !== 4 * tileSize * tileSize) throw new Error("This tile cannot be read.");
  return new Float32Array(buffer);
}
