/** Runs one task's function and decides its ending: decode → bind → run through middleware → ending. A worker's executors do, and calls that run where they are made. Never rejects, knows no pool. */
import { abortKind, isAbort } from "./abort.ts";
import { addedMember } from "./added-member.ts";
import type { AppRuntime } from "./app-runtime.ts";
import { registerBuiltIns, SentAlong } from "./builtin-tasks.ts";
import { chordMembersOf, placesOf } from "./chord-member.ts";
import { Unlocked } from "./chord-unlock.ts";
import { resultExpiresMs } from "./config.ts";
import { IgnoreSignal, RejectSignal, ReplaceSignal, RetrySignal, type TaskContext, type TaskRequest } from "./context.ts";
import { type CurrentRun, withRun } from "./current-run.ts";
import { CeleriacError, codedReasonOf, type RemoteError, reasonOf, TaskRevokedError } from "./errors.ts";
import { celeryErrors, remoteErrorOf, taskErrorOf } from "./failure.ts";
import { afterFailure, afterSuccess, type Followed, type FollowUps, joinedFollowUps, sentAlong } from "./follow-up.ts";
import { followedOf } from "./followed.ts";
import type { Logger } from "./logger.ts";
import { type Body, decodeBody } from "./message.ts";
import { executeThrough } from "./middleware.ts";
import { nextAttempt } from "./next-attempt.ts";
import { runCode, type TaskDefinition } from "./registry.ts";
import { replacementOf } from "./replacement.ts";
import type { AsyncResult } from "./result.ts";
import { encodeResult } from "./result-form.ts";
import type { ResultTuple } from "./result-meta.ts";
import { isAutoretried, mayRetry, retryAt } from "./retry.ts";
import type { Ending, Execute, Run, RunControl } from "./run.ts";
import type { Step } from "./step.ts";
import { runStep, stepStore } from "./steps.ts";
import { type ContextParts, createContext } from "./task-context.ts";
import { readTaskHeaders, type TaskHeaders } from "./task-headers.ts";
import { fromWire } from "./task-input.ts";
import type { RunOptions } from "./task-options.ts";
import { taskFactsOf, taskRequestOf } from "./task-request.ts";
import { unrunBehind } from "./unrun.ts";

/** `hostname`: the worker's node name. Opens the app's dependencies before the first run. */
export async function createExecute(runtime: AppRuntime, hostname: string): Promise<Execute> {
  await runtime.loadIncludes();
  registerBuiltIns(runtime);
  const deps = await runtime.deps.get();
  return async (run, control) => {
    const definition = runtime.registry.get(run.task);
    if (definition === undefined || definition.code.kind === "declared") return { kind: "unknown" };
    const headers = readTaskHeaders(run);
    if (headers.expiresAt !== null && headers.expiresAt <= runtime.clock.now()) return { kind: "expired" };
    let body: Body;
    try {
      body = decodeBody(run, runtime.contentRules);
    } catch (error) {
      return { kind: "undecodable", reason: codedReasonOf(error) };
    }
    return new Execution(runtime, definition, hostname, deps, run, headers, body, control).end();
  };
}

/**
 * One run: its duties are to call the function (1), tell signals (2), and turn whatever happens into one ending (3).
 * What only some tasks look at is made when they do: to a short run it would cost more than the rest.
 */
class Execution implements ContextParts, CurrentRun {
  readonly deps: unknown;
  readonly children: ResultTuple[] = [];
  ended = false;
  readonly #runtime: AppRuntime;
  readonly #definition: TaskDefinition;
  readonly #hostname: string;
  readonly #run: Run;
  readonly #followed: Followed;
  readonly #control: RunControl;
  #request: TaskRequest | null = null;
  #context: TaskContext | null = null;
  #added = 0;

  constructor(
    runtime: AppRuntime,
    definition: TaskDefinition,
    hostname: string,
    deps: unknown,
    run: Run,
    headers: TaskHeaders,
    body: Body,
    control: RunControl,
  ) {
    this.#runtime = runtime;
    this.#definition = definition;
    this.#hostname = hostname;
    this.#run = run;
    this.#followed = followedOf(run, headers, body);
    this.#control = control;
    this.deps = deps;
  }

  get request(): TaskRequest {
    const { headers, body } = this.#followed;
    this.#request ??= taskRequestOf(taskFactsOf(this.#run, headers, this.#hostname, this.#control.isEager === true), body);
    return this.#request;
  }

  get context(): TaskContext {
    this.#context ??= createContext(this);
    return this.#context;
  }

  get onReplace(): RunOptions["onReplace"] {
    return this.#definition.options.onReplace;
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }

  get log(): Logger {
    return logger(this.#control);
  }

  updateState(state: string, meta: unknown): Promise<void> {
    return this.#control.updateState(state, encodeResult(meta, "meta", this.#runtime.settings.resultSerializer));
  }

  async step(name: string, body: () => unknown): Promise<unknown> {
    const { clock, settings } = this.#runtime;
    const store = this.#control.steps ?? stepStore((await this.#runtime.links()).backend);
    return await runStep(store, { taskId: this.#run.id, nowMs: clock.now(), expiresMs: resultExpiresMs(settings) }, name, body);
  }

  async addToChord<R>(step: Step<[], R>): Promise<AsyncResult<R>> {
    if (this.#control.isEager === true)
      throw new CeleriacError("TASK_CONTEXT", "addToChord(): what runs where it is called has a chord of a fixed size");
    return await addedMember(this.#runtime, this.#followed, step, () => this.#added++);
  }

  heartbeat(): void {
    this.#control.heartbeat?.();
  }

  async end(): Promise<Ending> {
    this.#runtime.signals.send("taskPrerun", () => this.#event());
    let value: unknown;
    let thrown: unknown;
    let hasThrown = false;
    try {
      const { body } = this.#followed;
      const bound = this.#definition.code.kind === "builtIn" ? body.args : fromWire(this.#definition, body);
      const args = bound instanceof Promise ? await bound : bound;
      value = await withRun(this, () => this.#call(args));
    } catch (error) {
      thrown = error;
      hasThrown = true;
    }
    this.ended = true;
    try {
      return hasThrown ? this.#threw(thrown) : this.#returned(value);
    } catch (error) {
      this.#runtime.signals.send("taskInternalError", () => ({ ...this.#event(), error }));
      throw error;
    }
  }

  #call(args: readonly unknown[]): unknown {
    const { code, name } = this.#definition;
    const { middleware } = this.#runtime;
    // A plain task needs no context, which costs.
    const call = () => (code.kind === "plain" ? code.run(...args) : runCode(code, this.context, args, this.#followed.body.kwargs));
    return middleware.length === 0
      ? call()
      : executeThrough(middleware, { ...this.context, args, task: { name } }, async () => await call());
  }

  #returned(returned: unknown): Ending {
    try {
      const sent = returned instanceof SentAlong ? sentAlong(this.#runtime, this.#followed, returned) : null;
      const unlocked = returned instanceof Unlocked ? { unlocked: returned.chord } : null;
      const value = unlocked !== null ? null : sent === null ? returned : sent.children[0];
      const text = encodeResult(value, "result", this.#runtime.settings.resultSerializer);
      const after = joinedFollowUps(sent, afterSuccess(this.#runtime, this.#followed, value));
      const { signals } = this.#runtime;
      signals.send("taskSuccess", () => ({ ...this.#event(), value }));
      signals.send("taskPostrun", () => ({ ...this.#event(), outcome: { state: "SUCCESS", value } }));
      const { opens, publish } = after;
      const children = [...after.children, ...this.children];
      return { kind: "succeeded", value: text, children, opens, publish, ...this.#counts(true), ...unlocked };
    } catch (error) {
      return this.#failed(error);
    }
  }

  #threw(thrown: unknown): Ending {
    const reason = abortKind(this.#control.signal);
    if (thrown instanceof RejectSignal) return { kind: "rejected", requeue: thrown.requeue, reason: thrown.reason };
    if (thrown instanceof IgnoreSignal) return { kind: "ignored" };
    if (thrown instanceof ReplaceSignal) return this.#replaced(thrown);
    // A run that gave way to a stop or to a lost claim has not failed: it starts again elsewhere.
    if (reason === "shutdown" || reason === "claimLost") return { kind: "handedBack" };
    if (reason === "aborted" || reason === "revoked") return this.#revoked(thrown);
    if (thrown instanceof RetrySignal) return this.#retried(thrown);
    if (reason === null && this.#isAutoretried(thrown)) return this.#retried(new RetrySignal({ cause: thrown }));
    if (reason === "softTimeLimit" && isAbort(thrown, this.#control.signal)) return this.#failed(thrown, celeryErrors.softTimeLimit());
    return this.#failed(thrown);
  }

  #replaced({ signature }: ReplaceSignal): Ending {
    try {
      const { opens, publish } = replacementOf(this.#runtime, this.#followed, signature);
      return { kind: "replaced", opens, publish };
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Nobody wants it any more: whatever it throws now is its end, and it is neither retried nor has it failed. */
  #revoked(thrown: unknown): Ending {
    const { message } = this.#control.signal.reason as { readonly message: string };
    if (!isAbort(thrown, this.#control.signal) && !(thrown instanceof RetrySignal))
      this.#control.log("warn", "a task that was told to end threw an error of its own", { errorReason: reasonOf(thrown) });
    const outcome = () => ({ state: "REVOKED", error: new TaskRevokedError(this.#run.id, message) }) as const;
    this.#runtime.signals.send("taskPostrun", () => ({ ...this.#event(), outcome: outcome() }));
    return { kind: "revoked", reason: message, begun: true };
  }

  #isAutoretried(thrown: unknown): boolean {
    try {
      return isAutoretried(this.#definition.options, thrown);
    } catch (error) {
      this.#complain("autoretryFor or dontAutoretryFor threw: the task is not retried", error);
      return false;
    }
  }

  #retried({ options: wish }: RetrySignal): Ending {
    const { options } = this.#definition;
    const { retries, argsRepr, kwargsRepr } = this.#followed.headers;
    const { clock } = this.#runtime;
    if (!mayRetry(options, retries, wish.maxRetries)) {
      if (wish.cause !== undefined) return this.#failed(wish.cause);
      const exceeded = celeryErrors.maxRetriesExceeded(this.#definition.name, this.#run.id, argsRepr, kwargsRepr);
      return this.#failed(exceeded, exceeded);
    }
    try {
      const dueAt = retryAt(options, retries, wish, { nowMs: clock.now(), random: Math.random });
      const publication = nextAttempt(this.#runtime, this.#followed, dueAt, wish.args);
      const error = remoteErrorOf(wish.cause ?? new Error("retried by the task"));
      this.#runtime.signals.send("taskRetry", () => ({ ...this.#event(), error: wish.cause }));
      return { kind: "retried", error, publish: [publication] };
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** `error`: what is stored for `thrown` */
  #failed(thrown: unknown, error: RemoteError = remoteErrorOf(thrown)): Ending {
    const { name, options } = this.#definition;
    const { signals } = this.#runtime;
    this.#control.failed?.(thrown);
    signals.send("taskFailure", () => ({ ...this.#event(), error: thrown }));
    const taskError = () => taskErrorOf(this.#run.id, name, error, () => thrown);
    signals.send("taskPostrun", () => ({ ...this.#event(), outcome: { state: "FAILURE", error: taskError() } }));
    const expected = options.throws?.some((kind) => thrown instanceof kind) ?? false;
    const after = this.#afterFailure(error);
    const children = [...after.children, ...this.children];
    return {
      kind: "failed",
      error,
      expected,
      unrun: unrunBehind(this.#followed.body.embed),
      children,
      opens: after.opens,
      publish: after.publish,
      ...this.#counts(false),
    };
  }

  /** Nothing at all for most tasks. */
  #counts(isSuccess: boolean): Pick<Extract<Ending, { kind: "failed" }>, "counts"> | null {
    const { headers, body } = this.#followed;
    const members = chordMembersOf(headers, body.embed, isSuccess);
    return members.length === 0 ? null : { counts: placesOf(members) };
  }

  /** A failure is stored, whatever becomes of its error callbacks. */
  #afterFailure(error: RemoteError): FollowUps {
    try {
      return afterFailure(this.#runtime, this.#followed, error);
    } catch (unsent) {
      this.#complain("the error callbacks of a task cannot be sent", unsent);
      return { publish: [], children: [] };
    }
  }

  #event(): TaskRequest & { readonly task: string } {
    return { ...this.request, task: this.#definition.name };
  }

  #complain(message: string, error: unknown): void {
    this.#control.log("error", message, { errorReason: reasonOf(error) });
  }
}

function logger(control: RunControl): Logger {
  const line = (level: keyof Logger) => (message: string, fields?: object) => control.log(level, message, fields);
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}
