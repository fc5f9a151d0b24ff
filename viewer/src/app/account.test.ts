import { describe, expect, it } from "vitest";
import type { SessionInfo } from "../api/account";
import { nextAccount } from "./account";

const session = (name: string | null): SessionInfo => ({
  version: "1",
  auth: "accounts",
  title: "",
  user: name === null ? null : { name, administrator: false },
  login_url: name === null ? "login" : null,
  logout: name !== null,
  csrf: null,
  resolver: true,
});

describe("a login", () => {
  it("that was never there has not ended", () => {
    expect(nextAccount({ session: null, ended: null }, session(null)).ended).toBeNull();
    expect(nextAccount({ session: session(null), ended: null }, session(null)).ended).toBeNull();
  });

  it("that ends is noticed until somebody logs in again", () => {
    const ended = nextAccount({ session: session("hypatia"), ended: null }, session(null));
    expect(ended.ended).toBe("hypatia");
    expect(nextAccount(ended, session(null)).ended).toBe("hypatia");
    expect(nextAccount(ended, session("hypatia")).ended).toBeNull();
  });
});
