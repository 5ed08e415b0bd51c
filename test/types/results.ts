/** Handles: what they give, where one stands for another, and that none is a promise. */
import {
  type AsyncResult,
  type GroupResult,
  isGroupResult,
  type Outcome,
  type Sent,
  type SentGroup,
  type TaskSnapshot,
  type WaitOptions,
} from "celeriac";
import { add, app } from "./app.ts";
import { resize } from "./context.ts";
import { type Equal, expectType } from "./equal.ts";

export async function handles(handle: AsyncResult<number, { done: number }>, wait: WaitOptions): Promise<void> {
  for await (const snapshot of handle.watch({ signal: AbortSignal.timeout(1) })) {
    expectType<Equal<typeof snapshot, TaskSnapshot<number, { done: number }>>>();
    expectType<Equal<typeof snapshot.progress, { done: number } | undefined>>();
  }
  const children = await handle.children();
  expectType<Equal<typeof children, readonly AsyncResult<unknown>[]>>();
  for await (const { result, from, outcome } of handle.collect({ timeout: "5s" })) {
    expectType<Equal<typeof result, AsyncResult<unknown>>>();
    expectType<Equal<typeof from, AsyncResult<unknown> | null>>();
    expectType<Equal<typeof outcome, Outcome<unknown>>>();
  }
  const flags = await Promise.all([handle.ready(), handle.successful(), handle.failed()]);
  expectType<Equal<typeof flags, [boolean, boolean, boolean]>>();
  await handle.get({ ...wait, forget: true });
  await handle.abort("user left");
  await handle.revoke({ terminate: true, signal: "SIGKILL", wait: true, timeout: "2s" });
  // @ts-expect-error a snapshot has a value only once its state says so
  void (await handle.snapshot()).value;
  // @ts-expect-error an ending is returned whole, so there is nothing to forget it by
  await handle.settled({ forget: true });
}

export function looksUp(): void {
  const known = add.result("id");
  expectType<Equal<typeof known, AsyncResult<number, unknown>>>();
  const progressing = resize.result("id");
  expectType<Equal<typeof progressing, AsyncResult<number, { done: number }>>>();
}

export function standsFor(narrow: AsyncResult<"pong">, sent: Sent<"pong">): AsyncResult<string> {
  const promise: Promise<AsyncResult<string>> = sent;
  void promise;
  // @ts-expect-error some text need not be "pong"
  const back: AsyncResult<"pong"> = narrow as AsyncResult<string>;
  void back;
  return narrow;
}

export async function groups(group: GroupResult<[number, "pong"]>): Promise<void> {
  expectType<Equal<Awaited<ReturnType<typeof group.get>>, [number, "pong"]>>();
  const ends = await group.settledAll({ timeout: "5s" });
  expectType<Equal<typeof ends, [Outcome<number>, Outcome<"pong">]>>();
  for await (const { index, outcome } of group.iterate({ ordered: true })) {
    expectType<Equal<typeof index, number>>();
    if (outcome.state === "SUCCESS") expectType<Equal<typeof outcome.value, number | "pong">>();
  }
  for await (const { progress } of group.watch())
    expectType<Equal<typeof progress, { readonly done: number; readonly of: number } | undefined>>();
  expectType<Equal<(typeof group.results)[1], AsyncResult<"pong">>>();
  expectType<Equal<"then" extends keyof typeof group ? true : false, false>>();
  const whole: AsyncResult<[number, string]> = group;
  void whole;
  if (group.parent !== null && isGroupResult(group.parent))
    expectType<Equal<typeof group.parent.results, readonly AsyncResult<unknown>[]>>();
  // @ts-expect-error a group is no single value
  const single: AsyncResult<number> = group;
  void single;
}

export async function sentAndRestored(sent: SentGroup<number[]>): Promise<void> {
  expectType<Equal<Awaited<typeof sent>, GroupResult<number[]>>>();
  const values = await sent.get();
  expectType<Equal<typeof values, number[]>>();
  const found = await app.restoreGroup<string>("id");
  expectType<Equal<typeof found, GroupResult<string[]> | null>>();
  // @ts-expect-error nothing may be saved under this id
  await found.get();
}
