/** Sends a composite: plans it, opens its chords, then sends all that is to be sent at once; the rest follows in workers. */
import { randomUUID } from "node:crypto";
import type { AppRuntime, Links } from "../app-runtime.ts";
import type { CompositeCall, Frozen } from "../call.ts";
import type { ChordStart } from "../chord.ts";
import type { ComposeContext } from "../compose.ts";
import { resultExpiresMs } from "../config.ts";
import { currentRun, parentageOf } from "../current-run.ts";
import type { Departure } from "../departure.ts";
import { partIds } from "../derived-id.ts";
import { CeleriacError } from "../errors.ts";
import type { SignatureJson } from "../step.ts";
import { toWire } from "../task-input.ts";
import type { Transmit } from "../transmit.ts";
import { hasChord } from "./composite.ts";
import { type Plan, type PlannedSend, plan } from "./plan.ts";

/** Resolves with what it will be found under, when the broker has everything. Throws RESULT_CHORDS, BACKEND_*, TASK_INPUT, PublishError. */
export async function publishComposite(
  runtime: AppRuntime,
  transmit: Transmit,
  composite: CompositeCall,
  departure: Departure | null = null,
): Promise<Frozen> {
  const links = await runtime.links();
  refuseUncounted(composite.signature, links);
  const { options } = composite;
  const { sends, opens, guarded, ...frozen } = planCall(
    runtime,
    composite,
    runtime.composeContext(links.backend?.replyTo ?? null, departure?.at),
  );
  const messages = await Promise.all(sends.map(async (send) => ({ ...(await checked(runtime, send)), guarded })));
  if (opens.length > 0) {
    await departure?.open();
    await openChords(links, opens);
  }
  await Promise.all(messages.map((message) => transmit(links, message, options)));
  if (options.addToParent !== false) currentRun()?.children.push(frozen.result);
  return frozen;
}

/** `guarded`: sent again it is the same tasks, because its caller gave all ids, or the one that the others are derived from. */
export function planCall(
  runtime: AppRuntime,
  { signature, options: { rootId, parentId } }: CompositeCall,
  compose: ComposeContext,
): Plan & { readonly guarded: boolean } {
  const id = signature.options["task_id"];
  const derived = typeof id === "string" ? partIds(id) : null;
  let made = 0;
  const planned = plan(
    {
      compose,
      replyTo: compose.replyTo,
      definition: (task) => runtime.registry.get(task),
      parent: parentageOf(currentRun()),
      tree: { rootId, parentId },
      resultExpiresMs: resultExpiresMs(runtime.settings),
      nextId() {
        if (derived !== null) return derived();
        made++;
        return randomUUID();
      },
    },
    signature,
  );
  return { ...planned, guarded: made === 0 };
}

/** The input of a task with a schema is checked before anything is sent. Rejects with TASK_INPUT. */
export async function checked(runtime: AppRuntime, send: PlannedSend): Promise<PlannedSend> {
  const { call, message } = send;
  const definition = runtime.registry.get(call.task);
  if (definition === undefined || definition.input === null) return send;
  const given = await toWire(definition, call);
  return { ...send, call: { ...call, ...given }, message: { ...message, ...given } };
}

/** Before the first member is sent: it may end at once. */
async function openChords({ backend }: Links, opens: readonly ChordStart[]): Promise<void> {
  await backend?.connect();
  for (const start of opens) await backend?.chords?.open(start);
}

/** Throws RESULT_CHORDS where a chord in it, be it started now or by a worker, could not be counted. */
function refuseUncounted(signature: SignatureJson, { backend }: Links): void {
  if (backend?.chords !== undefined || !hasChord(signature)) return;
  const where = backend === null ? "results are disabled" : "rpc:// sends results to their caller and counts nothing";
  throw new CeleriacError("RESULT_CHORDS", `A chord is counted in the result backend, and ${where}: name another backend`);
}
