/** Random canvases, and what each must come to: made of the constructors that users have, and judged without any of them. */
import { chain, chord, group, type Signature } from "@celeriac/core";
import fc from "fast-check";
import type { Fate } from "../../programs/fault/app.ts";
import type { FaultClient } from "../fault/world.ts";

export type Canvas =
  | { readonly kind: "task"; readonly n: number; readonly fate: Fate }
  | { readonly kind: "map" | "starmap" | "chunks"; readonly items: readonly number[] }
  | { readonly kind: "chain" | "group"; readonly parts: readonly Canvas[] }
  | { readonly kind: "chord"; readonly parts: readonly Canvas[]; readonly body: Canvas };

export type Expected = { readonly isSuccess: true; readonly value: unknown } | { readonly isSuccess: false };

export const mostNodes = 60;
const deepest = 4;

/** `dying`: one canvas in so many has tasks that end their executor. */
export function randomCanvases(cases: number, seed: number, dying: number): readonly Canvas[] {
  const { canvas } = fc.letrec<{ canvas: Canvas; part: Canvas; task: Canvas; map: Canvas }>((tie) => ({
    task: fc.record({
      kind: fc.constant("task" as const),
      n: fc.nat(1_000),
      fate: fc.record({
        retries: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.nat(2)),
        fails: fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, fc.boolean()),
        dies: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, fc.boolean()),
      }),
    }),
    map: fc.record({
      kind: fc.constantFrom("map" as const, "starmap" as const, "chunks" as const),
      items: fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }),
    }),
    part: fc.oneof(
      { maxDepth: deepest },
      { weight: 4, arbitrary: tie("task") },
      { weight: 1, arbitrary: tie("map") },
      { weight: 5, arbitrary: tie("canvas") },
    ),
    canvas: fc.oneof(
      fc.record({
        kind: fc.constantFrom("chain" as const, "group" as const),
        parts: fc.array(tie("part"), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant("chord" as const), parts: fc.array(tie("part"), { minLength: 1, maxLength: 4 }), body: tie("part") }),
    ),
  }));
  const found = fc.sample(
    canvas.filter((each) => nodesOf(each) <= mostNodes),
    { numRuns: cases, seed },
  );
  return found.map((each, index) => (index % dying === 0 ? each : spared(each)));
}

export function nodesOf(canvas: Canvas): number {
  return 1 + partsOf(canvas).reduce((sum, part) => sum + nodesOf(part), 0);
}

function partsOf(canvas: Canvas): readonly Canvas[] {
  if (canvas.kind === "chord") return [...canvas.parts, canvas.body];
  return canvas.kind === "chain" || canvas.kind === "group" ? canvas.parts : [];
}

function spared(canvas: Canvas): Canvas {
  if (canvas.kind === "task") return { ...canvas, fate: { ...canvas.fate, dies: false } };
  if (canvas.kind === "chord") return { ...canvas, parts: canvas.parts.map(spared), body: spared(canvas.body) };
  return canvas.kind === "chain" || canvas.kind === "group" ? { ...canvas, parts: canvas.parts.map(spared) } : canvas;
}

/** What it gives when it is given `input`. */
export function expectedOf(canvas: Canvas, input: unknown = null): Expected {
  switch (canvas.kind) {
    case "task":
      return canvas.fate.fails ? { isSuccess: false } : { isSuccess: true, value: [canvas.n, input] };
    case "map":
    case "starmap":
      return { isSuccess: true, value: canvas.items.map((item) => 2 * item) };
    case "chunks":
      return { isSuccess: true, value: pairs(canvas.items).map((chunk) => chunk.map((item) => 2 * item)) };
    case "chain":
      return canvas.parts.reduce<Expected>((before, part) => (before.isSuccess ? expectedOf(part, before.value) : before), {
        isSuccess: true,
        value: input,
      });
    case "group":
      return allOf(canvas.parts, input);
    case "chord": {
      const header = allOf(canvas.parts, input);
      return header.isSuccess ? expectedOf(canvas.body, header.value) : header;
    }
  }
}

function allOf(parts: readonly Canvas[], input: unknown): Expected {
  const values: unknown[] = [];
  let isSuccess = true;
  for (const part of parts) {
    const expected = expectedOf(part, input);
    if (expected.isSuccess) values.push(expected.value);
    else isSuccess = false;
  }
  return isSuccess ? { isSuccess, value: values } : { isSuccess: false };
}

function pairs(items: readonly number[]): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(items.length / 2) }, (_, index) => items.slice(2 * index, 2 * index + 2));
}

type Built = object;
/** Of the constructors, whose types would have to follow the random shapes. */
const untyped = { chain, group, chord } as unknown as {
  readonly chain: (...steps: readonly Built[]) => Built;
  readonly group: (...members: readonly Built[]) => Built;
  readonly chord: (header: readonly Built[], body: Built) => Built;
};

/** `hasInput`: something gives it its argument. Its error callback, told once if it fails, is `fault.told` with `caseNumber`. */
export function buildCanvas(tasks: FaultClient, canvas: Canvas, caseNumber: number): Signature<[], unknown> {
  const whole = untyped.chain(built(tasks, canvas, false), tasks.canvasStep.partial(0, harmless));
  return (whole as Signature<[], unknown>).onError(tasks.told.s(caseNumber) as never);
}

const harmless: Fate = { retries: 0, fails: false, dies: false };

function built(tasks: FaultClient, canvas: Canvas, hasInput: boolean): Built {
  switch (canvas.kind) {
    case "task": {
      const { n, fate } = canvas;
      return hasInput ? tasks.canvasStep.partial(n, fate) : tasks.canvasStep.s(null, n, fate);
    }
    case "map":
      return tasks.double.map(canvas.items);
    case "starmap":
      return tasks.double.starmap(canvas.items.map((item) => [item]));
    case "chunks":
      return tasks.double.chunks(
        canvas.items.map((item) => [item]),
        2,
      );
    case "chain":
      return untyped.chain(...canvas.parts.map((part, index) => built(tasks, part, hasInput || index > 0)));
    case "group":
      return untyped.group(...canvas.parts.map((part) => built(tasks, part, hasInput)));
    case "chord":
      return untyped.chord(
        canvas.parts.map((part) => built(tasks, part, hasInput)),
        built(tasks, canvas.body, true),
      );
  }
}

/** What the last step gives, which every case has so that it ends in one task. */
export function expectedAtEnd(canvas: Canvas): Expected {
  const expected = expectedOf(canvas);
  return expected.isSuccess ? { isSuccess: true, value: [0, expected.value] } : expected;
}
