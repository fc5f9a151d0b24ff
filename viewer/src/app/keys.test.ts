import { describe, expect, it } from "vitest";
import { commandOf, KEYMAP, tooltip } from "./keys";

const press = (key: string, target: object = { tagName: "DIV", getAttribute: () => null }, extra: object = {}) =>
  commandOf({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    defaultPrevented: false,
    composedPath: () => [target as EventTarget],
    ...extra,
  });

describe("the table of keys", () => {
  it("gives every key to one command and every command one line", () => {
    const keys = KEYMAP.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(KEYMAP.map((binding) => binding.command)).size).toBe(KEYMAP.length);
  });

  it("finds commands, in capitals too", () => {
    for (const { keys, command } of KEYMAP) for (const key of keys) expect(press(key)).toBe(command);
    expect(press("G")).toBe("graticule");
    expect(press("y")).toBe(null);
  });

  it("leaves fields and the browser alone", () => {
    expect(press("a", { tagName: "INPUT", type: "text" })).toBe(null);
    expect(press("a", { tagName: "TEXTAREA" })).toBe(null);
    expect(press("ArrowLeft", { tagName: "INPUT", type: "range" })).toBe(null);
    expect(press("a", { tagName: "INPUT", type: "range" })).toBe("auto");
    expect(press(" ", { tagName: "BUTTON", getAttribute: () => null })).toBe(null);
    expect(press("ArrowDown", { tagName: "DIV", getAttribute: () => "tree" })).toBe(null);
    expect(press("a", undefined, { ctrlKey: true })).toBe(null);
    expect(press("a", undefined, { defaultPrevented: true })).toBe(null);
  });

  it("drives tooltips", () => {
    expect(tooltip("help")).toBe("All keys (?)");
    expect(tooltip("leftPanel", "Fold")).toBe("Fold ([)");
  });
});
