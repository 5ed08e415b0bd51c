/** Runs one task's function in an executor and decides its ending: decode → bind → run through middleware → ending. Never rejects, knows no pool. */
import {
  type AppRuntime,
  afterFailure,
  afterSuccess,
  type Body,
  celeryErrors,
  createContext,
  customHeaders,
  decodeBody,
  durationMs,
  encodeJson,
  executeThrough,
  type Followed,
  fromWire,
  IgnoreSignal,
  isAutoretried,
  type Logger,
  mayRetry,
  nextAttempt,
  RejectSignal,
  type ResultTuple,
  RetrySignal,
  readTaskHeaders,
  reasonOf,
  remoteErrorOf,
  retryDelayMs,
  type TaskDefinition,
  type TaskHeaders,
  type TaskRequest,
  withRun,
} from "@celeriac/core/runtime";
import type { AbortReason, Ending, Execute, Run, RunControl } from "./run.ts";

/** `hostname`: the worker's node name. Opens the app's dependencies before the first run. */
export async function createExecute(runtime: AppRuntime, hostname: string): Promise<Execute> {
  await runtime.loadIncludes();
  const deps = await runtime.deps.get();
  return async (run, control) => {
    const definition = runtime.registry.get(run.task);
    if (definition === undefined || definition.code.kind === "declared") return { kind: "unknown" };
    const headers = readTaskHeaders(run);
    if (headers.expiresAt !== null && headers.expiresAt <= runtime.clock.now()) return { kind: "expired" };
    let body: Body;
    try {
      body = decodeBody(run.body, run.contentType);
    } catch (error) {
      return { kind: "undecodable", reason: reasonOf(error) };
    }
    return new Execution(runtime, definition, hostname, deps, run, headers, body, control).end();
  };
}

/** One run: its duties are to call the function (1), tell signals (2), and turn whatever happens into one ending (3). */
class Execution {
  readonly #runtime: AppRuntime;
  readonly #definition: TaskDefinition;
  readonly #request: TaskRequest;
  readonly #followed: Followed;
  readonly #control: RunControl;
  readonly #deps: unknown;
  readonly #children: ResultTuple[] = [];

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
    this.#request = requestOf(run, headers, hostname);
    this.#followed = { headers, rawHeaders: run.headers, body, queue: run.queue, priority: run.priority, replyTo: run.replyTo };
    this.#control = control;
    this.#deps = deps;
  }

  async end(): Promise<Ending> {
    const { signals } = this.#runtime;
    const event = { ...this.#request, task: this.#definition.name };
    signals.send("taskPrerun", () => event);
    let value: unknown;
    try {
      value = await this.#run();
    } catch (thrown) {
      return this.#threw(thrown);
    }
    const ending = this.#returned(value);
    if (ending.kind === "succeeded") {
      signals.send("taskSuccess", () => ({ ...event, value }));
      signals.send("taskPostrun", () => ({ ...event, outcome: { state: "SUCCESS", value } }));
    }
    return ending;
  }

  async #run(): Promise<unknown> {
    const { code } = this.#definition;
    if (code.kind === "declared") return undefined;
    const args = await fromWire(this.#definition, this.#followed.body);
    const control = this.#control;
    const { context, end } = createContext({
      request: this.#request,
      get signal() {
        return control.signal;
      },
      log: logger(this.#control),
      deps: this.#deps,
      updateState: (state, meta) => this.#control.updateState(state, encodeJson(meta, "meta")),
    });
    const call = async () => (code.kind === "plain" ? code.run(...args) : code.run(context, ...args));
    const { middleware } = this.#runtime;
    try {
      return await withRun({ context, children: this.#children }, () =>
        middleware.length === 0 ? call() : executeThrough(middleware, { ...context, args, task: { name: this.#definition.name } }, call),
      );
    } finally {
      end();
    }
  }

  #returned(value: unknown): Ending {
    try {
      const text = encodeJson(value, "result");
      const after = afterSuccess(this.#runtime, this.#followed, value);
      return { kind: "succeeded", value: text, children: [...after.children, ...this.#children], publish: after.publish };
    } catch (error) {
      return this.#failed(error);
    }
  }

  #threw(thrown: unknown): Ending {
    const reason = abortKind(this.#control.signal);
    if (thrown instanceof RejectSignal) return { kind: "rejected", requeue: thrown.requeue, reason: thrown.reason };
    if (thrown instanceof IgnoreSignal) return { kind: "ignored" };
    // A run that gave way to a stop or to a lost claim has not failed: it starts again elsewhere.
    if (reason === "shutdown" || reason === "claimLost") return { kind: "handedBack" };
    if (thrown instanceof RetrySignal) return this.#retried(thrown);
    if (reason === null && isAutoretried(this.#definition.options, thrown)) return this.#retried(new RetrySignal({ cause: thrown }));
    return this.#failed(reason === "softTimeLimit" && isAbort(thrown, this.#control.signal) ? celeryErrors.softTimeLimit() : thrown);
  }

  #retried({ options: wish }: RetrySignal): Ending {
    const { options } = this.#definition;
    const { retries, argsRepr, kwargsRepr } = this.#followed.headers;
    const { clock } = this.#runtime;
    if (!mayRetry(options, retries, wish.maxRetries)) {
      return this.#failed(wish.cause ?? celeryErrors.maxRetriesExceeded(this.#definition.name, this.#request.id, argsRepr, kwargsRepr));
    }
    try {
      const waitMs = wish.countdown === undefined ? retryDelayMs(options, retries, Math.random) : durationMs(wish.countdown, "countdown");
      const publication = nextAttempt(this.#runtime, this.#followed, wish.eta?.getTime() ?? clock.now() + waitMs, wish.args);
      const error = remoteErrorOf(wish.cause ?? new Error("retried by the task"));
      this.#runtime.signals.send("taskRetry", () => ({ ...this.#request, task: this.#definition.name, error: wish.cause }));
      return { kind: "retried", error, publish: [publication] };
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** `thrown`: what the function threw, or an error of Celery's own. */
  #failed(thrown: unknown): Ending {
    const error = isRemoteError(thrown) ? thrown : remoteErrorOf(thrown);
    const expected = this.#definition.options.throws?.some((kind) => thrown instanceof kind) ?? false;
    const event = { ...this.#request, task: this.#definition.name, error: thrown };
    this.#runtime.signals.send("taskFailure", () => event);
    const after = afterFailure(this.#runtime, this.#followed, error);
    return { kind: "failed", error, expected, children: [...after.children, ...this.#children], publish: after.publish };
  }
}

function isRemoteError(thrown: unknown): thrown is ReturnType<typeof celeryErrors.softTimeLimit> {
  return typeof thrown === "object" && thrown !== null && !(thrown instanceof Error) && "type" in thrown && "traceback" in thrown;
}

function abortKind(signal: AbortSignal): AbortReason | null {
  return signal.aborted ? ((signal.reason as { kind?: AbortReason } | undefined)?.kind ?? null) : null;
}

/** What a function throws because its signal aborted: the reason itself, or an AbortError made from it. */
function isAbort(thrown: unknown, signal: AbortSignal): boolean {
  return thrown === signal.reason || (thrown instanceof Error && (thrown.name === "AbortError" || thrown.cause === signal.reason));
}

function requestOf(run: Run, headers: TaskHeaders, hostname: string): TaskRequest {
  return Object.freeze({
    id: headers.id,
    rootId: headers.rootId,
    parentId: headers.parentId,
    group: headers.group,
    groupIndex: headers.groupIndex,
    retries: headers.retries,
    redelivered: run.redelivered,
    deliveryCount: run.deliveries,
    eta: headers.etaAt === null ? null : new Date(headers.etaAt),
    expires: headers.expiresAt === null ? null : new Date(headers.expiresAt),
    isEager: false,
    origin: headers.origin,
    hostname,
    queue: run.queue,
    headers: customHeaders(run.headers),
  });
}

function logger(control: RunControl): Logger {
  const line = (level: keyof Logger) => (message: string, fields?: object) => control.log(level, message, fields);
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}
