/**
 * Settles each delivery once: store the result → publish what follows → acknowledge, in one step where broker and backend share a server.
 * Better twice than lost: whatever fails is repeated until it is done or the claim is gone.
 */
import {
  type ChordPart,
  type ChordStart,
  type ClaimOutcome,
  failpoint,
  PublishError,
  type ResultRecord,
  reasonOf,
  type Settlement,
  type SettleOutcome,
} from "@celeriac/core/runtime";
import { type ChordContext, closeChord } from "./chord-closing.ts";
import { chordOf } from "./chord-parts.ts";
import { repeat } from "./repeat.ts";
import { type Request, taskOf } from "./request.ts";

export interface SettleContext extends ChordContext {}

/** What a driver settles, and what is done before. */
export interface PlannedSettlement extends Settlement {
  /** chords whose members are published: opened before, for a member may end at once */
  readonly opens?: readonly ChordStart[] | undefined;
}

/** `lost`: nothing was published or acknowledged, and nothing stored where the broker settles results. Never rejects. */
export async function settle(context: SettleContext, request: Request, settlement: PlannedSettlement): Promise<ClaimOutcome> {
  failpoint("settle.before");
  if (settlement.opens !== undefined) {
    if (!(await openChords(context, request, settlement.opens))) return "lost";
    failpoint("settle.opened");
  }
  let due: Settlement = settlement;
  if (!context.broker.settlesResults) {
    if (settlement.results.length > 0) {
      if (!(await store(context, request, settlement.results))) return "lost";
      failpoint("settle.stored");
    }
    if (settlement.parts !== undefined && !(await count(context, request, settlement.parts))) return "lost";
    due = { ...settlement, results: [], parts: undefined };
  }
  let outcome: SettleOutcome | null = "complete";
  while (outcome === "complete") {
    try {
      // Nearly always it is done at the first attempt: what only others need is made behind it.
      outcome = await request.delivery.settle(due);
    } catch (error) {
      outcome = await settleAgain(context, request, { due, error });
    }
    if (outcome !== "complete") break;
    // The claim stands, so that whoever takes this worker's place closes the chord.
    if (!(await close(context, request, settlement.parts))) return "lost";
    due = { ...due, parts: undefined };
  }
  failpoint("settle.acknowledged");
  return outcome ?? "lost";
}

/** Where no settlement counts: once the result is stored. false when the worker gave up. */
async function count(context: SettleContext, request: Request, parts: readonly ChordPart[]): Promise<boolean> {
  const chords = context.backend?.chords;
  if (chords === undefined) return true;
  const counted = await repeat(context, taskOf(request), "counting a member of a chord", () => chords.count(parts));
  return counted === "complete" ? await close(context, request, parts) : counted !== null;
}

/** false when the worker gave up. */
async function close(context: SettleContext, request: Request, [part]: readonly ChordPart[] = []): Promise<boolean> {
  const chord = part === undefined ? null : chordOf(context.runtime, request, part.chordId);
  return chord === null || (await closeChord(context, chord));
}

/** What is left of a task that was acknowledged before it ran: its results, and what follows as far as the broker surely does not have it. Never rejects. */
export async function settleAcknowledged(
  context: SettleContext,
  request: Request,
  { opens = [], results, parts, publish }: PlannedSettlement,
): Promise<void> {
  await openChords(context, request, opens);
  await store(context, request, results);
  if (parts !== undefined) await count(context, request, parts);
  for (const publication of publish) {
    await repeat(context, taskOf(request), "publishing what follows", async () => {
      try {
        await context.broker.publish(publication);
      } catch (error) {
        if (PublishError.is(error) && error.retryable) throw error;
        context.logger.error("what follows a task could not be published", { ...taskOf(request), reason: reasonOf(error) });
      }
    });
  }
}

/** false when the worker gave up. */
async function openChords({ backend, ...context }: SettleContext, request: Request, opens: readonly ChordStart[]): Promise<boolean> {
  const chords = backend?.chords;
  // What plans a chord has looked whether it can be counted.
  if (backend === null || chords === undefined) return true;
  for (const start of opens) {
    const again = async () => {
      await backend.connect();
      await chords.open(start);
      return true;
    };
    if ((await repeat(context, taskOf(request), "opening a chord", again)) === null) return false;
  }
  return true;
}

/** false when the worker gave up. */
async function store({ backend, ...context }: SettleContext, request: Request, results: readonly ResultRecord[]): Promise<boolean> {
  if (backend === null) return true;
  for (const result of results) {
    const again = async () => {
      await backend.connect();
      return await backend.store(result);
    };
    if ((await repeat(context, taskOf(request), "storing a result", () => backend.store(result), again)) === null) return false;
  }
  return true;
}

interface FailedSettlement {
  readonly due: Settlement;
  readonly error: unknown;
}

/** null when the worker gave up. */
async function settleAgain(context: SettleContext, request: Request, { due, error }: FailedSettlement): Promise<SettleOutcome | null> {
  const again = async () => {
    try {
      return await request.delivery.settle(due);
    } catch (refused) {
      return await withoutUnroutable(request, refused);
    }
  };
  return await repeat(context, taskOf(request), "settling", () => withoutUnroutable(request, error), again);
}

/** What follows but can never be routed would keep the delivery for ever: it goes to the dead letters, where the reason can be read. Rejects with any other error. */
async function withoutUnroutable(request: Request, error: unknown): Promise<SettleOutcome> {
  if (!PublishError.is(error) || error.code !== "PUBLISH_UNROUTABLE") throw error;
  const reason = `what follows it cannot be published: ${error.message}`;
  return await request.delivery.settle({ results: [], publish: [], then: { kind: "deadLetter", reason, counted: true } });
}
