/** What we write where Celery wrote the captures of test/golden: a message for the same call, a result for the same state. */
import { compose } from "../../packages/core/src/compose.ts";
import type { Envelope, Route } from "../../packages/core/src/envelope.ts";
import { readException } from "../../packages/core/src/failure.ts";
import { encodeMessage } from "../../packages/core/src/message.ts";
import { failureText, type ResultFacts, resultText } from "../../packages/core/src/result-meta.ts";
import { goldenNowMs } from "./golden.ts";
import { callOf, type GoldenCall } from "./golden-calls.ts";
import { routerOf, settingsOf } from "./router.ts";

type Members = Readonly<Record<string, unknown>>;

const settings = settingsOf();
const router = routerOf();

/** Our envelope and route for a call, with the captured message's id and reply queue. */
export function ourMessage(call: GoldenCall, id: string, replyTo: string): { readonly envelope: Envelope; readonly route: Route } {
  const context = { settings, router, origin: "gen1@host", replyTo, nowMs: goldenNowMs };
  const { message, route } = compose(
    context,
    callOf(call),
    undefined,
    id,
    call.parent === undefined ? null : { ...call.parent, priority: null },
  );
  return { envelope: encodeMessage(message, goldenNowMs, 16_777_216), route };
}

/** The text for the state that `theirs` tells of. */
export function ourResult(theirs: Members): string {
  const done = theirs["date_done"];
  const facts: ResultFacts = {
    taskId: String(theirs["task_id"]),
    state: String(theirs["status"]),
    attempt: typeof theirs["retries"] === "number" ? theirs["retries"] : 0,
    children: theirs["children"] as unknown[],
    nowMs: typeof done === "string" ? Date.parse(`${done}Z`) : 0,
    groupId: (theirs["group_id"] as string | undefined) ?? null,
    parentId: (theirs["parent_id"] as string | undefined) ?? null,
    extended: theirs["name"] === undefined ? null : extendedOf(theirs),
  };
  const { result, traceback } = theirs as { readonly result: unknown; readonly traceback: string | null };
  const isError = ["FAILURE", "RETRY", "REVOKED"].includes(facts.state) && result !== null;
  return isError ? failureText(facts, readException(result, traceback)) : resultText(facts, JSON.stringify(result), traceback);
}

function extendedOf(theirs: Members): ResultFacts["extended"] {
  const { name, args, kwargs, worker, queue } = theirs;
  return { name: String(name), args, kwargs, worker: String(worker), queue: String(queue) };
}
