/** Arrows that move what is drawn: one pixel of the screen, with Shift ten. */

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function arrowOf(
  event: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">,
): [number, number] | null {
  const arrow = event.ctrlKey || event.metaKey || event.altKey ? undefined : ARROWS[event.key];
  const by = event.shiftKey ? 10 : 1;
  return arrow ? [arrow[0] * by, arrow[1] * by] : null;
}
