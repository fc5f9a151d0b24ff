/** Who is logged in; a login that ends meanwhile is noticed and can be renewed without losing the view. */
import { endSession, getSession, type SessionInfo } from "../api/account";
import { ApiError, refusals } from "../api/client";
import { flushUrl } from "./address";
import { debounced, sayFailure } from "./session";
import { Store } from "./state";

export interface AccountState {
  session: SessionInfo | null;
  /** Name of whose login has ended while the page was open. */
  ended: string | null;
}

export const account = new Store<AccountState>({ session: null, ended: null });

const LOOK_MS = 60_000;
const SOON_MS = 300;

/** What is known of the session from two answers, one after the other. */
export function nextAccount(before: AccountState, session: SessionInfo): AccountState {
  const gone = before.session?.user && !session.user ? before.session.user.name : before.ended;
  return { session, ended: session.user ? null : gone };
}

async function look(): Promise<void> {
  try {
    account.set(nextAccount(account.state, await getSession()));
  } catch (error) {
    const { user } = account.state.session ?? { user: null };
    if (error instanceof ApiError && error.status === 401 && user) account.set({ ended: user.name });
  }
}

/** Ask now, when something was refused, when the page is looked at again, and now and then while somebody is logged in. */
export function followAccount(): void {
  const soon = debounced(() => void look(), SOON_MS);
  const seen = () => document.visibilityState === "visible" && account.state.session?.user && soon();
  refusals.addEventListener("refused", () => account.state.session?.user && soon());
  document.addEventListener("visibilitychange", seen);
  setInterval(seen, LOOK_MS);
  void look();
}

/** Address of the login that leads back to this view; null where there is none. */
export function loginAddress(): string | null {
  const address = account.state.session?.login_url;
  if (!address) return null;
  const url = new URL(address, new URL(".", document.baseURI));
  const here = new URL(flushUrl());
  url.searchParams.set("next", `${here.pathname}${here.search}`);
  return url.href;
}

export function logIn(): void {
  const address = loginAddress();
  if (address) location.assign(address);
}

/** End the session and show what everybody may see. */
export async function logOut(): Promise<void> {
  try {
    await endSession(account.state.session?.csrf ?? null);
    location.reload();
  } catch (error) {
    sayFailure(error);
    await look();
  }
}

export const stayOut = (): void => account.set({ ended: null });
