/** Partial signatures fill from the end; what is missing stays at the front. */
import type { ImmutableSignature, Signature } from "celeriac";
import { add, app, ping, show } from "./app.ts";
import { type Equal, expectType } from "./equal.ts";

export function partials(): void {
  const complete = add.s(1, 2);
  expectType<Equal<typeof complete, Signature<[], number>>>();
  const half = add.s(4);
  expectType<Equal<typeof half, Signature<[x: number], number>>>();
  const empty = add.s();
  expectType<Equal<typeof empty, Signature<[x: number, y: number], number>>>();
  const immutable = add.si(1, 2);
  expectType<Equal<typeof immutable, ImmutableSignature<number>>>();
  // @ts-expect-error wrong partial
  add.s("x");
  // @ts-expect-error half of an immutable signature can never be completed
  add.si(1);
  void half.delay(1);
  // @ts-expect-error the missing argument is a number
  void half.delay("1");
}

export function optionalParameters(): void {
  const join = app.task("opt", (x: number, y?: number, z?: string) => x + (y ?? 0) + (z ?? ""));
  const complete = join.s(4);
  expectType<Equal<typeof complete, Signature<[], string>>>();
  const half = join.partial(4);
  expectType<Equal<typeof half, Signature<[number], string>>>();
  add.s(1, 2).link(join.partial(9, "z"));
  // @ts-expect-error join.s(4) is complete, a parent's result would be one too many
  add.s(1, 2).link(join.s(4));
  const count = app.task("rest", (...xs: number[]) => xs.length);
  add.s(1, 2).link(count.partial(3, 4));
  // @ts-expect-error ping takes nothing
  ping.partial(1);
}

export function links(): void {
  add.s(1, 2).link(show.s()).link(ping.si());
  // @ts-expect-error a text does not feed add
  show.s(1).link(add.s(4));
  // @ts-expect-error ping.s() takes nothing, not even a result
  add.s(1, 2).link(ping.s());
  const quiet = app.task("quiet", async () => {});
  quiet.s().link(ping.si());
  // @ts-expect-error a void result feeds nothing but an immutable step
  quiet.s().link(show.s());
  add.s(1, 2).onError(app.task("on.error", async (id: string, failure?: { readonly type: string }) => void [id, failure]).s());
  // @ts-expect-error an error callback gets (id, failure?)
  add.s(1, 2).onError(add.s());
}
