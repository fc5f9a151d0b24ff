/** Where a card stands beside a place of the map: inside it, not over the place. Pure. */

export interface Anchored {
  x: number;
  y: number;
  /** Kept free round the place. */
  radius: number;
  /** Size of the map. */
  width: number;
  height: number;
}

/** A card beside the middle of the map fits into that of a small window with all its panels. */
const EDGE = 8;
const GAP = 12;

/** Top left corner of a card: right of the place, left of it where there is no room, else below or above. */
export function placeCard(at: Anchored, card: { width: number; height: number }): [number, number] {
  const within = (value: number, room: number, size: number) => Math.max(EDGE, Math.min(value, room - size - EDGE));
  const away = at.radius + GAP;
  const right = at.x + away;
  const left = at.x - away - card.width;
  const top = within(at.y - Math.min(56, card.height / 2), at.height, card.height);
  if (right + card.width + EDGE <= at.width) return [within(right, at.width, card.width), top];
  if (left >= EDGE) return [within(left, at.width, card.width), top];
  const below = at.y + away;
  const above = at.y - away - card.height;
  const y = below + card.height + EDGE <= at.height ? below : above;
  return [within(at.x - card.width / 2, at.width, card.width), within(y, at.height, card.height)];
}

/** Without a place: at the upper right. */
export const cornerCard = (width: number, card: { width: number }): [number, number] => [
  Math.max(EDGE, width - card.width - EDGE),
  EDGE,
];
