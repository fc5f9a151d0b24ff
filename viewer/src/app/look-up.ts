/** Names of objects become positions, or words on why not. */
import { type Resolved, resolveName } from "../api/account";
import { ApiError } from "../api/client";

const EXAMPLE = "05 35 17.3 −05 23 28";

export async function lookUp(
  name: string,
  signal: AbortSignal,
  ask: typeof resolveName = resolveName,
): Promise<Resolved | string> {
  try {
    return await ask(name, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || signal.aborted) throw error;
    return inWords(name, error);
  }
}

function inWords(name: string, error: ApiError): string {
  if (error.code === "name_unknown")
    return `No catalogue of names knows “${name}”. Check its spelling, or type a position: ${EXAMPLE}.`;
  if (error.code === "resolver_unreachable")
    return `Names cannot be looked up now: ${sentence(error.message)} A position works: ${EXAMPLE}.`;
  return error.message;
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
