/** Dark, light, or as the system has it. The choice is remembered where the browser allows. */
import type { ThemeChoice } from "./state";

const KEY = "armillary.theme";

export function savedTheme(): ThemeChoice {
  const saved = remembered(KEY);
  return saved === "dark" || saved === "light" ? saved : "system";
}

export function applyTheme(choice: ThemeChoice): void {
  if (choice === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", choice);
  remember(KEY, choice);
}

export const isDark = (choice: ThemeChoice): boolean =>
  choice === "dark" || (choice === "system" && !matchMedia("(prefers-color-scheme: light)").matches);

/** What this browser was told to keep, or null: storage may be forbidden. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Private windows may forbid it; the choice then lasts as long as the page.
  }
}
