/** The public face of a task: a reference that can be sent, and one whose code is here and can be called. */
import { type ApplyOptions, type Call, type CallSender, createCall, plainCall } from "./call.ts";
import { taskJson } from "./canvas/composite.ts";
import { chunksJson, mapJson } from "./canvas/map.ts";
import { createSignature, type ImmutableSignature, type Signature } from "./canvas/signature.ts";
import type { AsyncResult, Sent } from "./result.ts";
import type { Outcome } from "./snapshot.ts";
import type { DropTail, Rest, Suffixes } from "./task-arguments.ts";

/** An interface of its own so that inference through TaskRef<A, R> reads A from here by reference, never from Suffixes<A>. */
export interface Sign<in out A extends readonly unknown[], out R> {
  (...args: A): Signature<[], R>;
  <T extends Suffixes<A>>(...tail: T): Signature<DropTail<A, T>, R>;
}

/** A task that can be sent: all a producer ever needs. Not callable, so nobody runs it in an API handler by forgetting `.delay`. */
export interface TaskRef<in out A extends readonly unknown[], out R, out P = unknown> {
  readonly name: string;
  /** Sends it; resolves when the broker has it. Throws PublishError. */
  delay(...args: A): Sent<R, P>;
  /** Sends it with options. */
  applyAsync(args: A, options?: ApplyOptions<R>): Sent<R, P>;
  /** s(all) is complete; s(some) fills from the end, the leading arguments stay missing. */
  readonly s: Sign<A, R>;
  /** All but the first argument, which the parent's result fills; for optional or rest parameters, where .s(x) reads as complete. */
  partial(...rest: Rest<A>): Signature<[A[0]], R>;
  /** Immutable: takes nothing from a parent. */
  si(...args: A): ImmutableSignature<R>;
  /** One message: calls it with each of the items in turn, in one run, and gives what it gave. */
  map(items: Iterable<A[0]>): ImmutableSignature<R[]>;
  /** The same with the arguments of each. */
  starmap(items: Iterable<A>): ImmutableSignature<R[]>;
  /** A group of starmaps, each of so many items. Throws CONFIG_INVALID for a size below 1. */
  chunks(items: Iterable<A>, size: number): ImmutableSignature<R[][]>;
  /** Handle for a task sent earlier, by whoever: Celery's task.AsyncResult(id). Opens nothing, asks nothing. */
  result(id: string): AsyncResult<R, P>;
}

/** A task whose code is here: calling it runs the function in this process, without queue, retries or limits. */
export interface Task<in out A extends readonly unknown[], out R, out P = unknown> extends TaskRef<A, R, P> {
  (...args: A): Promise<R>;
  /**
   * Celery's apply(): runs here and at once, with context, middleware, retries and what follows; how it ended is returned, not thrown. Waits
   * (`countdown`, `eta`, between retries) and time limits are not kept. Also shadows Function.prototype.apply.
   */
  apply(args: A, options?: ApplyOptions<R>): Promise<Outcome<R>>;
}

// biome-ignore lint/suspicious/noExplicitAny: any task at all
export type AnyTask = TaskRef<any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: inference slots
export type ArgsOf<T extends AnyTask> = T extends TaskRef<infer A, any, any> ? A : never;
// biome-ignore lint/suspicious/noExplicitAny: inference slots
export type ResultOf<T extends AnyTask> = T extends TaskRef<any, infer R, any> ? R : never;

declare const implementable: unique symbol;
/** A declared task; `implement` gives it its code in the worker. `Seen` is what the code receives (a schema's output). */
export interface DeclaredTask<in out A extends readonly unknown[], out R, out P, in out Seen extends readonly unknown[]>
  extends TaskRef<A, R, P> {
  readonly [implementable]: (seen: Seen) => Seen;
}

/** What a task needs of the app. */
export interface TaskSender extends CallSender {
  result<R, P>(id: string, taskName: string): AsyncResult<R, P>;
  /** Runs the call here. */
  apply<R>(make: () => Call): Promise<Outcome<R>>;
}

/** The verbs of a reference to the task `name`. */
export function createTaskRef<A extends readonly unknown[], R, P>(sender: TaskSender, name: string): TaskRef<A, R, P> {
  const sign = (args: readonly unknown[], immutable: boolean) => createSignature<never, never>(sender, taskJson(name, args, {}, immutable));
  const reference = {
    name,
    delay: (...args: A) => sender.send<R, P>(() => plainCall(name, args)),
    applyAsync: (args: A, options: ApplyOptions<R> = {}) => sender.send<R, P>(() => createCall(name, args, options)),
    s: (...args: readonly unknown[]) => sign(args, false),
    partial: (...rest: readonly unknown[]) => sign(rest, false),
    si: (...args: readonly unknown[]) => sign(args, true),
    map: (items: Iterable<unknown>) => createSignature<never, never>(sender, mapJson("map", name, items)),
    starmap: (items: Iterable<unknown>) => createSignature<never, never>(sender, mapJson("starmap", name, items)),
    chunks: (items: Iterable<unknown>, size: number) => createSignature<never, never>(sender, chunksJson(name, items, size)),
    result: (id: string) => sender.result<R, P>(id, name),
  };
  return reference as unknown as TaskRef<A, R, P>;
}

/** The same verbs on a function. `name` of a function can only be defined, not assigned. */
export function createTask<A extends readonly unknown[], R, P>(
  sender: TaskSender,
  name: string,
  run: (args: A) => Promise<R>,
): Task<A, R, P> {
  const task = (...args: A) => run(args);
  const apply = (args: A, options: ApplyOptions<R> = {}) => sender.apply<R>(() => createCall(name, args, options));
  for (const [key, value] of Object.entries({ ...createTaskRef<A, R, P>(sender, name), apply }))
    Object.defineProperty(task, key, { value, enumerable: true });
  return task as unknown as Task<A, R, P>;
}
