import { describe, expect, it } from "vitest";
import { initialState, Store } from "./state";

describe("the store", () => {
  it("tells those who asked about what changed, at once", () => {
    const store = new Store({ a: 1, b: "x", c: null as number | null });
    const heard: string[] = [];
    store.subscribe(["a"], (state) => heard.push(`a=${state.a}`));
    store.subscribe(["b", "c"], (_, changed) => heard.push([...changed].join("+")));
    store.set({ a: 2 });
    store.set({ b: "y", c: 3 });
    expect(heard).toEqual(["a=2", "b+c"]);
  });

  it("is silent where nothing changed, NaN included", () => {
    const store = new Store({ a: Number.NaN });
    let calls = 0;
    store.subscribe(null, () => calls++);
    store.set({ a: Number.NaN });
    store.set({});
    expect(calls).toBe(0);
  });

  it("ends subscriptions, also from within one", () => {
    const store = new Store({ a: 0 });
    const heard: number[] = [];
    const end = store.subscribe(["a"], (state) => {
      heard.push(state.a);
      end();
    });
    store.set({ a: 1 });
    store.set({ a: 2 });
    expect(heard).toEqual([1]);
  });

  it("leaves earlier states as they were", () => {
    const store = new Store(initialState());
    const before = store.state;
    store.set({ mirror: true });
    expect(before.mirror).toBe(false);
    expect(store.state.mirror).toBe(true);
  });
});
