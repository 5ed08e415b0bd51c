/** Handles: what they give, where one stands for another, and that none is a promise. */
import type { AsyncResult, Sent, TaskSnapshot, WaitOptions } from "celeriac";
import { add } from "./app.ts";
import { resize } from "./context.ts";
import { type Equal, expectType } from "./equal.ts";

export async function handles(handle: AsyncResult<number, { done: number }>, wait: WaitOptions): Promise<void> {
  for await (const snapshot of handle.watch({ signal: AbortSignal.timeout(1) })) {
    expectType<Equal<typeof snapshot, TaskSnapshot<number, { done: number }>>>();
    expectType<Equal<typeof snapshot.progress, { done: number } | undefined>>();
  }
  const children = await handle.children();
  expectType<Equal<typeof children, readonly AsyncResult<unknown>[]>>();
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
