/** Which branches of the tree are open, over reloads. */
import { remember, remembered } from "../app/theme";

const MOST = 500;
const key = (): string => `armillary.tree:${new URL(".", document.baseURI).pathname}`;

export function recallOpen(): Set<string> | null {
  try {
    const saved = JSON.parse(remembered(key()) ?? "null");
    return Array.isArray(saved) ? new Set(saved.filter((item) => typeof item === "string").slice(0, MOST)) : null;
  } catch {
    return null;
  }
}

export const keepOpen = (open: ReadonlySet<string>): void => remember(key(), JSON.stringify([...open].slice(-MOST)));
