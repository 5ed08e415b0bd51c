/** Middleware wraps publishing (in the sending process) and execution (in the process that runs the task), in onion order: the first added is outermost. */
import type { CallOptions } from "./call.ts";
import type { TaskContext } from "./context.ts";
import { PublishError } from "./errors.ts";

export interface OutgoingMessage {
  readonly id: string;
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** custom headers: add to them here */
  headers: Record<string, unknown>;
  readonly options: CallOptions;
}

export interface Middleware<Deps = unknown> {
  readonly name: string;
  /** In the sending process, before encoding; not calling next() refuses the message (throw to say why). */
  publish?(message: OutgoingMessage, next: () => Promise<void>): Promise<void>;
  /** In the process that runs the task, around the user's function; returns its result. */
  execute?(
    self: TaskContext<unknown, Deps> & { readonly args: readonly unknown[]; readonly task: { readonly name: string } },
    next: () => Promise<unknown>,
  ): Promise<unknown>;
}

/** Runs `publish` of each around `send`. Throws PUBLISH_REJECTED when one of them did not call next(), and what `send` threw though one of them kept it to itself. */
export async function publishThrough(chain: readonly Middleware[], message: OutgoingMessage, send: () => Promise<void>): Promise<void> {
  let failure: unknown = new PublishError(
    "PUBLISH_REJECTED",
    `Task ${message.task} was refused by a middleware (${chain.map(({ name }) => name).join(", ")})`,
  );
  let sent = false;
  const step = async (index: number): Promise<void> => {
    const publish = chain[index]?.publish;
    if (index < chain.length) return publish === undefined ? step(index + 1) : publish.call(chain[index], message, () => step(index + 1));
    try {
      await send();
      sent = true;
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  await step(0);
  if (!sent) throw failure;
}

type Execution = Parameters<NonNullable<Middleware["execute"]>>[0];

/** Runs `execute` of each around `run`. */
export function executeThrough(chain: readonly Middleware[], self: Execution, run: () => Promise<unknown>): Promise<unknown> {
  const step = (index: number): Promise<unknown> => {
    if (index >= chain.length) return run();
    const execute = chain[index]?.execute;
    return execute === undefined ? step(index + 1) : execute.call(chain[index], self, () => step(index + 1));
  };
  return step(0);
}

/** How a tracing library carries its context in headers, e.g. W3C `traceparent` through OpenTelemetry's propagation API. */
export interface TraceCarrier {
  /** writes the current context into the headers of an outgoing message */
  inject(headers: Record<string, unknown>): void;
  /** runs `run` under the context found in the headers of a request */
  extract(headers: Readonly<Record<string, unknown>>, task: string, run: () => Promise<unknown>): Promise<unknown>;
}

/** A middleware that carries a trace from sender to task. */
export function traceContext(carrier: TraceCarrier): Middleware {
  return {
    name: "trace-context",
    async publish(message, next) {
      carrier.inject(message.headers);
      await next();
    },
    execute: (self, next) => carrier.extract(self.request.headers, self.task.name, next),
  };
}
