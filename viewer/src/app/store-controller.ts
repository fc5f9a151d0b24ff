/** Makes a Lit element follow some keys of the store. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { type AppState, type AppStore, initialState, Store } from "./state";

export const store: AppStore = new Store(initialState());

/** Makes an element follow some keys of any store. */
export class FollowStore<S extends object> implements ReactiveController {
  private end: (() => void) | null = null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly followed: Store<S>,
    private readonly keys: readonly (keyof S)[] | null = null,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.end = this.followed.subscribe(this.keys, () => this.host.requestUpdate());
    this.host.requestUpdate();
  }

  hostDisconnected(): void {
    this.end?.();
    this.end = null;
  }
}

export class Follow implements ReactiveController {
  private end: (() => void) | null = null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly keys: readonly (keyof AppState)[],
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.end = store.subscribe(this.keys, () => this.host.requestUpdate());
    this.host.requestUpdate();
  }

  hostDisconnected(): void {
    this.end?.();
    this.end = null;
  }
}
