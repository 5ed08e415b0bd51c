/** What Flower's own routes say of themselves to the guard: its API answers some refusals with a text, others with nothing but a status. */
import type { ActionName, RefusalForm, RouteAccess } from "../../access.ts";

const api = (refusal: RefusalForm, action: ActionName | null) => ({
  config: { access: { kind: "api", action, refusal } satisfies RouteAccess },
});

export const readsText = api("text", null);
export const readsEmpty = api("empty", null);
export const changesText = (action: ActionName) => api("text", action);
export const changesEmpty = (action: ActionName) => api("empty", action);

/** The rest of a path behind its `*`, decoded: names may hold anything. */
export function tailOf(request: { readonly params: unknown }): string {
  return (request.params as { readonly "*": string })["*"];
}
