/** Runs calls where they are made, and at once: the whole way of a task but the broker. What follows a task runs at once as well, and no wait is kept. */
import { hostname } from "node:os";
import type { AppRuntime } from "./app-runtime.ts";
import type { ResultRecord } from "./backend.ts";
import type { Publication } from "./broker.ts";
import type { Call, CompositeCall } from "./call.ts";
import type { PlannedSend } from "./canvas/plan.ts";
import { checked, planCall } from "./canvas/publish.ts";
import type { ChordPart } from "./chord.ts";
import { chordMembersOf } from "./chord-member.ts";
import { compose } from "./compose.ts";
import { currentRun, parentageOf } from "./current-run.ts";
import { type AfterMembers, createEagerChords, type EagerChords } from "./eager-chords.ts";
import { createExecute } from "./execute.ts";
import { celeryErrors, exceptionJson } from "./failure.ts";
import { keptArguments } from "./kept-arguments.ts";
import { decodeBody, type Embed, encodeMessage } from "./message.ts";
import { type OutgoingMessage, publishThrough } from "./middleware.ts";
import type { AsyncResult, HandleSource } from "./result.ts";
import { failureText, resultText } from "./result-meta.ts";
import { createResult, handleIn } from "./result-tree.ts";
import type { Ending, Run } from "./run.ts";
import type { Outcome } from "./snapshot.ts";
import { stateRecord } from "./state-record.ts";
import type { StepStore } from "./steps.ts";
import { readTaskHeaders, type TaskHeaders } from "./task-headers.ts";
import { toWire } from "./task-input.ts";
import { type UnrunFor, unrunBehind, unrunRecords } from "./unrun.ts";

export interface Applied<R, P> {
  /** its results lie in it, and nowhere else unless `taskStoreEagerResult` says so */
  readonly result: AsyncResult<R, P>;
  readonly outcome: Outcome<R>;
}

/** Resolves when the task, its retries and all that follows have ended. Throws PUBLISH_ENCODE, PUBLISH_REJECTED, TASK_INPUT, and what opening `deps` throws. */
export async function applyHere<R, P>(runtime: AppRuntime, source: HandleSource, call: Call, id: string): Promise<Applied<R, P>> {
  const definition = runtime.registry.get(call.task);
  const { args, kwargs } = definition === undefined || definition.input === null ? call : await toWire(definition, call);
  const parent = currentRun();
  const { message, route } = compose(runtime.composeContext(null), { ...call, args, kwargs }, definition, id, parentageOf(parent));
  const tree = newTree(runtime, id);
  await runMessage(runtime, { call: { ...call, args, kwargs }, message, route }, tree);
  if (call.options.addToParent !== false) parent?.children.push([[id, null], null]);
  const result = createResult<R, P>(treeSource(source, tree, call.task), { id, taskName: call.task, known: true });
  return { result, outcome: await result.settled() };
}

/** What is to be sent at once is run one after the other. Throws as `applyHere`. */
export async function applyCompositeHere(
  runtime: AppRuntime,
  source: HandleSource,
  composite: CompositeCall,
): Promise<AsyncResult<unknown>> {
  const { sends, opens, ...frozen } = planCall(runtime, composite, runtime.composeContext(null));
  const tree = newTree(runtime, null);
  tree.chords.open(opens);
  for (const send of await Promise.all(sends.map((send) => checked(runtime, send)))) await runMessage(runtime, send, tree);
  if (composite.options.addToParent !== false) currentRun()?.children.push(frozen.result);
  return handleIn(treeSource(source, tree, null), frozen);
}

async function runMessage(runtime: AppRuntime, { call, message, route }: PlannedSend, tree: Tree): Promise<void> {
  const { task, args, kwargs, options } = call;
  const outgoing: OutgoingMessage = { id: message.id, task, args, kwargs, headers: { ...message.headers }, options };
  runtime.signals.send("beforeTaskPublish", () => outgoing);
  await publishThrough(runtime.middleware, outgoing, async () => {
    const headed = { ...message, headers: outgoing.headers };
    const envelope = encodeMessage(headed, runtime.clock.now(), runtime.settings.maxMessageBytes);
    await runTree(runtime, { envelope, route }, tree);
  });
  runtime.signals.send("afterTaskPublish", () => outgoing);
}

/** What was called, and all that followed it. */
interface Tree {
  /** of the call, if it is one task */
  readonly rootId: string | null;
  /** task id → Celery's result JSON */
  readonly texts: Map<string, string>;
  readonly chords: EagerChords;
  /** what the call itself failed with */
  thrown: unknown;
}

function newTree(runtime: AppRuntime, rootId: string | null): Tree {
  return { rootId, texts: new Map(), chords: createEagerChords(runtime), thrown: undefined };
}

async function runTree(runtime: AppRuntime, root: Publication, tree: Tree): Promise<void> {
  const execute = await createExecute(runtime, hostname());
  const due: Publication[] = [root];
  for (let next = due.shift(); next !== undefined; next = due.shift()) {
    const run = runOf(next);
    const headers = readTaskHeaders(run);
    const subject = {
      headers,
      queue: run.queue,
      replyTo: null,
      hostname: hostname(),
      arguments: () => keptArguments(run, headers, runtime.contentRules),
    };
    const keep = (state: string, children: readonly unknown[], text: Parameters<typeof stateRecord>[4]) =>
      keepRecord(runtime, tree, stateRecord(runtime, subject, state, children, text), headers.ignoreResult === true);
    const ending = await execute(run, {
      isEager: true,
      steps: stepsOf(tree),
      signal: new AbortController().signal,
      updateState: (state, metaJson) => keep(state, [], (facts) => resultText(facts, metaJson, null)),
      log: (level, message, fields) => runtime.logger[level](message, { task: run.task, taskId: run.id, ...fields }),
      failed(thrown) {
        if (run.id === tree.rootId) tree.thrown = thrown;
      },
    });
    await keepEnding(ending, run, keep);
    const ended = { run, headers, ending, embed: embedOnce(runtime, run) };
    for (const record of unrunOf(runtime, ended)) await keepRecord(runtime, tree, record, false);
    if ("opens" in ending) tree.chords.open(ending.opens ?? []);
    const after = afterMembers(tree, ended);
    for (const record of after.results) await keepRecord(runtime, tree, record, false);
    due.unshift(...("publish" in ending ? ending.publish : []), ...after.publish);
  }
}

interface Ended {
  readonly run: Run;
  readonly headers: TaskHeaders;
  readonly ending: Ending;
  /** read when it is first asked for: few endings need it */
  embed(): Embed;
}

function embedOnce({ contentRules }: AppRuntime, run: Run): () => Embed {
  let embed: Embed | null = null;
  return () => {
    embed ??= decodeBody(run, contentRules).embed;
    return embed;
  };
}

/** What follows where the end of a run was the last that a chord waited for. */
function afterMembers({ chords }: Tree, { run, headers, ending, embed }: Ended): AfterMembers {
  const parent = { rootId: headers.rootId, parentId: headers.id, priority: run.priority };
  if (ending.kind === "succeeded" && ending.unlocked !== undefined) return chords.close(ending.unlocked, parent);
  if (!chords.isWaiting || ending.kind === "retried" || ending.kind === "replaced" || ending.kind === "undecodable")
    return { results: [], publish: [] };
  const members = chordMembersOf(headers, embed(), ending.kind === "succeeded");
  return chords.count(members, countedEnd(ending, run), parent);
}

function countedEnd(
  ending: Exclude<Ending, { kind: "retried" | "replaced" | "undecodable" }>,
  run: Run,
): Pick<ChordPart, "state" | "value"> {
  if (ending.kind === "succeeded") return { state: "SUCCESS", value: ending.value };
  const { state, error } = endOf(ending, run);
  return { state, value: JSON.stringify(exceptionJson(error)) };
}

async function keepRecord(runtime: AppRuntime, { texts }: Tree, record: ResultRecord, isIgnored: boolean): Promise<void> {
  texts.set(record.taskId, record.text);
  if (runtime.settings.taskStoreEagerResult && !isIgnored) await (await runtime.links()).backend?.store(record);
}

/** The steps behind a task that has not succeeded. */
function unrunOf(runtime: AppRuntime, { run, ending, embed }: Ended): readonly ResultRecord[] {
  if (ending.kind === "succeeded" || ending.kind === "retried" || ending.kind === "replaced" || ending.kind === "undecodable") return [];
  const steps = ending.kind === "failed" ? ending.unrun : unrunBehind(embed());
  const { state, error } = endOf(ending, run);
  return unrunRecords(runtime, steps, { state, error, queue: run.queue, replyTo: null, hostname: hostname() });
}

function runOf({ envelope, route }: Publication): Run {
  const { headers, body, properties } = envelope;
  return {
    id: String(headers["id"]),
    task: String(headers["task"]),
    headers,
    body,
    contentType: properties.contentType,
    replyTo: null,
    priority: properties.priority,
    queue: route.routingKey,
    redelivered: false,
    deliveries: 0,
    softTimeLimitMs: null,
    timeLimitMs: null,
  };
}

type Keep = (state: string, children: readonly unknown[], text: Parameters<typeof stateRecord>[4]) => Promise<void>;

/** As a worker's settlement stores it. */
async function keepEnding(ending: Ending, run: Run, keep: Keep): Promise<void> {
  switch (ending.kind) {
    case "succeeded":
      return keep("SUCCESS", ending.children, (facts) => resultText(facts, ending.value, null));
    // Nobody would ever hear of it: to its caller it has ended, with nothing.
    case "ignored":
      return keep("SUCCESS", [], (facts) => resultText(facts, "null", null));
    // Whoever runs in its place has the result.
    case "replaced":
      return;
    case "retried":
      return keep("RETRY", [], (facts) => failureText(facts, ending.error));
    default: {
      const { state, error } = endOf(ending, run);
      return keep(state, ending.kind === "failed" ? ending.children : [], (facts) => failureText(facts, error));
    }
  }
}

/** What those get who wait; what can only become of a run in a worker does not come here. */
function endOf(ending: Ending, run: Run): Pick<UnrunFor, "state" | "error"> {
  switch (ending.kind) {
    case "failed":
      return { state: "FAILURE", error: ending.error };
    case "rejected":
    case "undecodable":
      return { state: "FAILURE", error: celeryErrors.reject(ending.reason) };
    case "unknown":
      return { state: "FAILURE", error: celeryErrors.notRegistered(run.task) };
    case "expired":
    case "ignored":
      return { state: "REVOKED", error: celeryErrors.revoked(ending.kind) };
    default:
      return { state: "FAILURE", error: celeryErrors.workerLost(`it ended as ${ending.kind}`) };
  }
}

/** They end with the tree, which holds all attempts of its tasks. */
function stepsOf({ texts }: Tree): StepStore {
  return {
    connect: async () => {},
    get: async (id) => texts.get(id) ?? null,
    async store({ taskId, text }) {
      if (texts.has(taskId)) return "superseded";
      texts.set(taskId, text);
      return "stored";
    },
  };
}

/** Finds results in the tree, and gives the error that the call failed with as it was thrown. */
function treeSource(source: HandleSource, { texts, thrown }: Tree, task: string | null): HandleSource {
  return {
    ...source,
    backend: async () => ({
      connect: async () => {},
      get: async (id) => texts.get(id) ?? null,
      getMany: async (ids) => ids.map((id) => texts.get(id) ?? null),
      async subscribe(id, listener) {
        const text = texts.get(id);
        if (text !== undefined) listener(text);
        return { close() {} };
      },
      forget: async (id) => void texts.delete(id),
      // A group is looked up in the app's backend, whoever ran its members.
      saveGroup: async (record) => (await source.backend()).saveGroup(record),
      restoreGroup: async (groupId) => (await source.backend()).restoreGroup(groupId),
      forgetGroup: async (groupId) => (await source.backend()).forgetGroup(groupId),
    }),
    revive: (name, remote) => (name === task && thrown instanceof Error ? thrown : source.revive(name, remote)),
  };
}
