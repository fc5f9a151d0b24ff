/** A picture of what is on the screen. */

/** Lay canvases that were drawn in this turn of the event loop over the page's own background. */
export function takeSnapshot(element: HTMLElement, layers: HTMLCanvasElement[]): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = layers[0].width;
  canvas.height = layers[0].height;
  const context = canvas.getContext("2d");
  if (!context) return Promise.reject(new Error("This browser cannot take a picture of the map."));
  context.fillStyle = backgroundOf(element);
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const layer of layers) context.drawImage(layer, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be made."))), "image/png");
  });
}

function backgroundOf(element: HTMLElement): string {
  for (let at: HTMLElement | null = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (colour && colour !== "transparent" && colour !== "rgba(0, 0, 0, 0)") return colour;
  }
  return "#000";
}
