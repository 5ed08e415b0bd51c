/**
 * Sends instances as tasks of the app, to whichever workers there are. Our own work goes under `celeriac.dag.run`, and its worker writes the states;
 * a task of the app goes as itself, so that a worker in any language may run it, and its states are read from the result backend.
 */
import type { App, Priority } from "@celeriac/core";
import {
  type AppRuntime,
  CeleriacError,
  type Clock,
  type Logger,
  type ResultBackend,
  readResult,
  reasonOf,
  runtimeOf,
  type Timer,
} from "@celeriac/core/runtime";
import { resolveInputs } from "../decision/resolve-inputs.ts";
import type { DagModel, TaskModel } from "../model.ts";
import { readRunValues } from "../runner/run-values.ts";
import type { DagStore } from "../store/store.ts";
import { createEventBuffer } from "./event-buffer.ts";
import type { Executor, ExecutorEvent, QueuedInstance } from "./executor.ts";
import { runTaskKwargs, runTaskName } from "./run-task.ts";

export interface CeleryExecutorOptions {
  // biome-ignore lint/suspicious/noExplicitAny: any app
  readonly app: App<any>;
  readonly store: DagStore;
  readonly parallelism: number;
  /** how often the result backend is asked; 200 ms */
  readonly pollMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  findDag(dagId: string): DagModel | undefined;
}

const finalStates: ReadonlySet<string> = new Set(["SUCCESS", "FAILURE", "REVOKED"]);

/** What was sent, and has not ended as far as we know. */
interface Sent {
  readonly instance: QueuedInstance;
  /** of the app; null: our own work */
  readonly task: string | null;
  isStarted: boolean;
  /** workers were told that nobody wants it any more */
  isRevoked: boolean;
}

export function createCeleryExecutor(options: CeleryExecutorOptions): Executor {
  return new CeleryExecutor(options);
}

/** Duties: send (1), watch what becomes of it in the result backend (2), and take back what the scheduler, or the store, wants no more (3). */
class CeleryExecutor implements Executor {
  readonly name = "celery";
  readonly #options: CeleryExecutorOptions;
  readonly #runtime: AppRuntime;
  readonly #events = createEventBuffer();
  readonly #sent = new Map<string, Sent>();
  #timer: Timer | null = null;
  #look: Promise<void> | null = null;
  #isOpen = true;
  #isSilent = false;

  constructor(options: CeleryExecutorOptions) {
    this.#options = options;
    this.#runtime = runtimeOf(options.app)!;
  }

  get slots(): number {
    return this.#isOpen ? Math.max(0, this.#options.parallelism - this.#sent.size) : 0;
  }

  async start(): Promise<void> {
    const { app, clock, pollMs, logger } = this.#options;
    await this.#backend();
    await app.connect();
    if (!this.#runtime.settings.taskTrackStarted)
      logger.warn("taskTrackStarted is off: a task of the app that is a node of a DAG stands as queued while it runs", {
        setting: "taskTrackStarted",
      });
    this.#timer = clock.every(pollMs, () => {
      this.#look ??= this.#lookAround().finally(() => {
        this.#look = null;
      });
    });
  }

  async queue(instances: readonly QueuedInstance[]): Promise<void> {
    await Promise.all(instances.map((instance) => this.#send(instance)));
  }

  sync = async (): Promise<readonly ExecutorEvent[]> => this.#events.take();

  /** Messages outlive schedulers. One that died in the middle may not have sent them all: our own work is sent again, for it runs once however often it comes. */
  async adopt(instances: readonly QueuedInstance[]): Promise<readonly QueuedInstance[]> {
    const ours = instances.filter(({ externalId }) => !this.#sent.has(externalId));
    for (const instance of ours)
      this.#sent.set(instance.externalId, {
        instance,
        task: this.#appTask(instance),
        isStarted: instance.state === "running",
        isRevoked: false,
      });
    await Promise.all(ours.filter((each) => each.state === "queued" && this.#appTask(each) === null).map((each) => this.#send(each)));
    return [];
  }

  async revoke(instance: QueuedInstance): Promise<void> {
    this.#sent.delete(instance.externalId);
    await this.#tellWorkers(instance);
  }

  async #tellWorkers(instance: QueuedInstance): Promise<void> {
    const { externalId } = instance;
    const { app, logger } = this.#options;
    try {
      // Our own work hears of it through its signal; a task of the app may be anybody's.
      if (this.#appTask(instance) === null) await app.result(externalId).abort("its task instance was revoked");
      else await app.control.revoke(externalId, { terminate: true });
    } catch (error) {
      logger.warn("workers could not be told that a task instance was revoked", { taskId: externalId, reason: reasonOf(error) });
    }
  }

  onEvent(heard: () => void): void {
    this.#events.onEvent(heard);
  }

  async end(): Promise<void> {
    this.#isOpen = false;
    this.#timer?.cancel();
    await this.#look;
  }

  async #send(instance: QueuedInstance): Promise<void> {
    const { externalId, queue } = instance;
    const task = this.#appTask(instance);
    this.#sent.set(externalId, { instance, task, isStarted: false, isRevoked: false });
    const priority = this.#priorityOf(instance);
    const options = { taskId: externalId, ...(queue === null ? {} : { queue }), ...(priority === null ? {} : { priority }) };
    const { app } = this.#options;
    try {
      if (task === null) await app.sendTask(runTaskName, [], { ...options, kwargs: runTaskKwargs(instance, instance.tryNumber) });
      else await app.sendTask(task, await this.#argumentsOf(instance), options);
    } catch (error) {
      // The broker may have it: if not, it has been queued for too long one day.
      if (CeleriacError.is(error) && error.code === "PUBLISH_UNCERTAIN") return;
      this.#sent.delete(externalId);
      this.#events.add({ instance, ...unsent(error) });
    }
  }

  async #argumentsOf(instance: QueuedInstance): Promise<readonly unknown[]> {
    const { store, findDag } = this.#options;
    const dag = findDag(instance.dagId);
    const inputs = dag?.tasks.get(instance.taskId)?.inputs;
    if (dag === undefined || inputs === undefined)
      throw new CeleriacError("DAG_UNKNOWN", `There is no task ${instance.taskId} in a DAG ${instance.dagId} any more`);
    return await store.read(async (tables) => {
      const run = await tables.runs.find(instance);
      if (run === null) throw new CeleriacError("DAG_UNKNOWN", `There is no run ${instance.runId} of ${instance.dagId}`);
      return resolveInputs(inputs, await readRunValues(tables, inputs, dag, run), instance.mapIndex);
    });
  }

  #appTask({ dagId, taskId }: QueuedInstance): string | null {
    const work: TaskModel["work"] | undefined = this.#options.findDag(dagId)?.tasks.get(taskId)?.work;
    return work?.kind === "task" ? work.task : null;
  }

  /** Weights are of any size, priorities go from 0 to 9. An app that knows none stays with none: they would overtake its other tasks. */
  #priorityOf({ priorityWeight }: QueuedInstance): Priority | null {
    const { taskDefaultPriority, taskQueueMaxPriority } = this.#runtime.settings;
    if (taskDefaultPriority === null && taskQueueMaxPriority === null) return null;
    return Math.min(9, Math.max(0, Math.trunc(priorityWeight))) as Priority;
  }

  async #backend(): Promise<ResultBackend> {
    const { backend } = await this.#runtime.links();
    if (backend !== null && backend.replyTo === null) return backend;
    throw new CeleriacError(
      "DAG_EXECUTOR",
      "The celery executor looks up results by id, and this app's result backend is disabled, or rpc://: set resultBackend to Redis, SQLite or PostgreSQL",
    );
  }

  async #lookAround(): Promise<void> {
    try {
      await this.#lookAtResults();
      await this.#lookAtStore();
      this.#isSilent = false;
    } catch (error) {
      if (!this.#isSilent)
        this.#options.logger.warn("the result backend, or the store, cannot be asked about task instances", { reason: reasonOf(error) });
      this.#isSilent = true;
    }
  }

  async #lookAtResults(): Promise<void> {
    const ids = [...this.#sent.keys()];
    const texts = ids.length === 0 ? [] : await (await this.#backend()).getMany(ids);
    for (const [at, id] of ids.entries()) this.#hear(id, texts[at] ?? null);
  }

  /** Our own work hears from the store that it was cleared or marked; a task of the app does not. */
  async #lookAtStore(): Promise<void> {
    const sent = [...this.#sent.values()].filter(({ task, isRevoked }) => task !== null && !isRevoked);
    if (sent.length === 0) return;
    const held = await this.#options.store.read(({ instances }) => instances.inStates(["queued", "running", "restarting"]));
    const states = new Map(held.map(({ externalId, state }) => [externalId, state]));
    for (const each of sent) {
      const state = states.get(each.instance.externalId);
      if (state === undefined) await this.revoke(each.instance);
      if (state !== "restarting") continue;
      // It begins anew when its end is heard.
      each.isRevoked = true;
      await this.#tellWorkers(each.instance);
    }
  }

  #hear(id: string, text: string | null): void {
    const sent = this.#sent.get(id);
    if (sent === undefined || text === null) return;
    const { status, result, worker } = readResult(id, text);
    if (finalStates.has(status)) this.#sent.delete(id);
    if (sent.task === null) this.#heardOfOurs(sent, status, result);
    else this.#heardOfTask(sent, status, result, worker);
  }

  #heardOfTask(sent: Sent, status: string, result: unknown, worker: string | null): void {
    const isEnd = finalStates.has(status);
    if (!sent.isStarted && (isEnd || status === "STARTED")) {
      sent.isStarted = true;
      this.#events.add({ instance: sent.instance, kind: "started", hostname: worker ?? hostnameIn(result) });
    }
    if (status === "SUCCESS") this.#events.add({ instance: sent.instance, kind: "success", value: result });
    else if (isEnd) this.#events.add({ instance: sent.instance, kind: "failed", reason: reasonIn(status, result) });
  }

  /** Its worker has written how it ended, unless no worker could run it. */
  #heardOfOurs({ instance }: Sent, status: string, result: unknown): void {
    if (status === "SUCCESS") this.#events.tell();
    else if (finalStates.has(status)) this.#events.add({ instance, kind: "lost", reason: reasonIn(status, result) });
  }
}

/** What the broker does not take may be sent again; what cannot be sent never can. */
function unsent(error: unknown): { readonly kind: "lost" | "failed"; readonly reason: string } {
  const code = CeleriacError.is(error) ? error.code : "";
  const mayComeAgain = /^(?:BROKER|DAG_STORE)_|^PUBLISH_(?!ENCODE)/.test(code);
  return { kind: mayComeAgain ? "lost" : "failed", reason: reasonOf(error) };
}

function hostnameIn(result: unknown): string | null {
  const { hostname } = (result ?? {}) as { readonly hostname?: unknown };
  return typeof hostname === "string" ? hostname : null;
}

/** Celery's JSON of an exception. */
function reasonIn(status: string, result: unknown): string {
  const { exc_type: type = status, exc_message: message } = (result ?? {}) as {
    readonly exc_type?: string;
    readonly exc_message?: unknown;
  };
  const text = Array.isArray(message) ? message.join(", ") : message === undefined ? "" : String(message);
  return text === "" ? type : `${type}: ${text}`;
}
