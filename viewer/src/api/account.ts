/** Who asks, and positions of objects by their names. */
import { json, post } from "./client";

export interface SessionInfo {
  version: string;
  auth: "token" | "none" | "accounts" | "soauth" | "oidc";
  title: string;
  user: { name: string; administrator: boolean } | null;
  login_url: string | null;
  logout: boolean;
  csrf: string | null;
  /** Whether this server looks up names of objects. */
  resolver: boolean;
}

export interface Resolved {
  name: string;
  ra: number;
  dec: number;
  found_by: string;
  type: string | null;
}

export const getSession = (signal?: AbortSignal): Promise<SessionInfo> => json("session", {}, signal);
export const endSession = (csrf: string | null): Promise<Response> => post("session/logout", csrf);
export const resolveName = (name: string, signal?: AbortSignal): Promise<Resolved> => json("resolve", { name }, signal);
