/** Composites: each step takes what the one before it gives, and the error is put on the step that does not. */
import {
  chain,
  chainOf,
  chord,
  chordOf,
  type GroupResult,
  type GroupSignature,
  group,
  groupOf,
  type ImmutableSignature,
  type Signature,
} from "celeriac";
import { add, app, ping, show } from "./app.ts";
import { type Equal, expectType } from "./equal.ts";

export function chains(ids: readonly number[]): void {
  const three = chain(add.s(2, 2), add.s(4), show.s());
  expectType<Equal<typeof three, Signature<[], string>>>();
  const piped = add.s(2, 2).pipe(add.s(4)).pipe(show.s()).pipe(ping.si());
  expectType<Equal<typeof piped, Signature<[], "pong">>>();
  chain(
    show.s(1),
    // @ts-expect-error a text does not feed add: reported at this step
    add.s(4),
  );
  // @ts-expect-error a complete signature would get one argument too many: si() takes none
  chain(add.s(2, 2), add.s(1, 1));
  chain(add.s(2, 2), add.si(1, 1));
  const six = chain(add.s(1, 2), add.s(1), add.s(1), add.s(1), add.s(1), show.s());
  expectType<Equal<typeof six, Signature<[], string>>>();
  const open = chain(add.s(1), show.s());
  expectType<Equal<typeof open, Signature<[x: number], string>>>();
  const many = chainOf(
    add.s(1, 2),
    ids.map((id) => add.s(id)),
  );
  expectType<Equal<typeof many, Signature<[], number>>>();
  chainOf(
    add.s(1, 2),
    // @ts-expect-error show gives a text, the next one takes a number
    ids.map(() => show.s()),
  );
  const join = app.task("canvas.opt", (x: number, y?: number, z?: string) => x + (y ?? 0) + (z ?? ""));
  chain(add.s(1, 2), join.partial());
  chain(add.s(1, 2), join.partial(9, "z"));
  // @ts-expect-error join.s(4) is complete, a parent's result would be one too many
  chain(add.s(1, 2), join.s(4));
  const quiet = app.task("canvas.quiet", async () => {});
  chain(quiet.s(), ping.si());
  // @ts-expect-error a void result feeds nothing but an immutable step
  chain(quiet.s(), show.s());
}

export async function groups(ids: readonly number[]): Promise<void> {
  const three = group(add.s(1, 1), show.s(2), ping.si());
  expectType<Equal<typeof three, GroupSignature<[], [number, string, "pong"]>>>();
  const handle = await three.delay();
  expectType<Equal<typeof handle, GroupResult<[number, string, "pong"]>>>();
  const values = await three.delay().get();
  expectType<Equal<typeof values, [number, string, "pong"]>>();
  for await (const { outcome } of handle.iterate())
    if (outcome.state === "SUCCESS") expectType<Equal<typeof outcome.value, number | string>>();
  const spread = group(...ids.map((id) => add.s(id, id)));
  expectType<Equal<typeof spread, GroupSignature<[], number[]>>>();
  const many = groupOf(new Set(ids.map((id) => add.s(id, id))));
  expectType<Equal<typeof many, GroupSignature<[], number[]>>>();
  // A group that takes what the step before it gives.
  const last = chain(add.s(1, 2), group(add.s(1), show.s()));
  expectType<Equal<typeof last, Signature<[], [number, string]>>>();
  // @ts-expect-error complete members would get one argument too many
  chain(add.s(1, 1), group(add.s(1, 1), add.s(2, 2)));
  // @ts-expect-error one member takes a number, the parent gives a text
  chain(show.s(1), group(add.s(1), show.s()));
  // @ts-expect-error members take the same argument
  group(add.s(1), ping.s());
}

export function chords(ids: readonly number[]): void {
  const sum = app.task("canvas.sum", (xs: number[]) => xs.reduce((a, b) => a + b, 0));
  const fixed = chord([add.s(1, 1), add.s(2, 2)], sum.s());
  expectType<Equal<typeof fixed, Signature<[], number>>>();
  const many = chordOf(new Set(ids.map((id) => add.s(id, id))), sum.s());
  expectType<Equal<typeof many, Signature<[], number>>>();
  const mapped = chord(
    ids.map((id) => add.s(id, id)),
    sum.s(),
  );
  expectType<Equal<typeof mapped, Signature<[], number>>>();
  // @ts-expect-error the body wants numbers, the header gives texts
  chord([show.s(1), show.s(2)], sum.s());
  const piped = groupOf(ids.map((id) => add.s(id, id))).pipe(sum.s());
  expectType<Equal<typeof piped, Signature<[], number>>>();
  const nested = chord([chain(add.s(1, 1), add.s(2)), chord([add.s(1, 1)], sum.s())], sum.s());
  expectType<Equal<typeof nested, Signature<[], number>>>();
  const middle = chain(add.s(1, 2), group(add.s(1), show.s()), app.task("canvas.mid", (pair: [number, string]) => pair[1]).s());
  expectType<Equal<typeof middle, Signature<[], string>>>();
}

export function maps(): void {
  const chunks = add.chunks([[1, 2]], 2);
  expectType<Equal<typeof chunks, ImmutableSignature<number[][]>>>();
  chain(add.s(1, 2), chunks);
  const mapped = show.map(new Set([1, 2]));
  expectType<Equal<typeof mapped, ImmutableSignature<string[]>>>();
  const star = add.starmap([[1, 2]]);
  expectType<Equal<typeof star, ImmutableSignature<number[]>>>();
  // @ts-expect-error add takes two numbers
  add.starmap([[1]]);
  // @ts-expect-error show takes a number
  show.map(["1"]);
  const revived = app.signature<[x: number], string>({});
  expectType<Equal<typeof revived, Signature<[x: number], string>>>();
}

export function verbs(): void {
  const failed = app.task("canvas.failed", async (id: string, failure?: { readonly type: string }) => void [id, failure]);
  const told = chain(add.s(1, 2), show.s()).onError(failed.s()).set({ queue: "x" }).stamp({ tenant: "a" }).clone();
  expectType<Equal<typeof told, Signature<[], string>>>();
  // @ts-expect-error an error callback gets (id, failure?)
  told.onError(add.s());
  const handle = told.freeze();
  expectType<Equal<Awaited<ReturnType<typeof handle.get>>, string>>();
}
