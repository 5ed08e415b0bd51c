/** Projects of many tasks and canvases, written for the compiler alone: what `bench/types.ts` measures, and what each may cost. */

export interface TypeWorkload {
  /** a quarter each: plain, bound with options, with a schema, declared; each is called once */
  readonly tasks: number;
  /** a chain of four steps each, one of them a group, and an error callback */
  readonly canvases: number;
}

/** A tenth above what was measured, in instantiations: raise one only with the reason in the commit. */
export const typeCeilings: readonly (TypeWorkload & { readonly ceiling: number })[] = [
  { tasks: 600, canvases: 0, ceiling: 82_600 },
  { tasks: 0, canvases: 200, ceiling: 19_400 },
  { tasks: 600, canvases: 200, ceiling: 101_800 },
];

const perFile = 50;

/** Path → text. */
export function sourcesOf({ tasks, canvases }: TypeWorkload): Readonly<Record<string, string>> {
  const taskFiles = chunks(tasks).map((numbers) => [`tasks-${numbers[0]}.ts`, [head, ...numbers.map(task)].join("\n")]);
  const canvasFiles = chunks(canvases).map((numbers) => [
    `canvases-${numbers[0]}.ts`,
    [head, composing, steps, ...numbers.map(canvas)].join("\n"),
  ]);
  return { "app.ts": app, ...Object.fromEntries([...taskFiles, ...canvasFiles]) };
}

const app = `
import { createApp } from "celeriac";
export const app = createApp("shop", { deps: async () => ({ db: { query: (sql: string) => [sql] } }) });
`;

const head = `import { shape } from "celeriac";
import { app } from "./app.js";
void shape;`;

const composing = `import { chain, group } from "celeriac";`;

const steps = `
const add = app.task("add", async (x: number, y: number) => x + y);
const show = app.task("show", (n: number) => \`n=\${n}\`);
const sum = app.task("sum", (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0));
const failed = app.task("failed", async (id: string) => void id);`;

const kinds: readonly ((n: number) => string)[] = [
  (n) => `export const task${n} = app.task("task.${n}", async (x: number, y: number) => x + y);
void task${n}.delay(1, 2).get();`,
  (
    n,
  ) => `export const task${n} = app.bound("task.${n}", { maxRetries: 5, retryBackoff: true, softTimeLimit: "30s" }, async (self, url: string, width: number) => {
  if (self.request.retries > 3) throw self.retry({ countdown: "1m" });
  return { rows: self.deps.db.query(url), width };
});
void task${n}.applyAsync(["u", 2], { countdown: "1m", queue: "img" });`,
  (
    n,
  ) => `export const task${n} = app.define("task.${n}", { input: shape<{ to: string; subject?: string; n${n}: number }>() }, async (_self, input) => input.n${n});
void task${n}.delay({ to: "a", n${n}: ${n} }).get();`,
  (n) => `export const task${n} = app.declare<(doc: string, topK?: number) => { score${n}: number }>("task.${n}", { queue: "gpu" });
void task${n}.delay("d").get().then(({ score${n} }) => score${n});`,
];

function task(n: number): string {
  return kinds[n % kinds.length]!(n);
}

function canvas(n: number): string {
  return `export const canvas${n} = chain(add.s(${n}, 1), group(add.s(2), add.s(3)), sum.s(), show.s()).onError(failed.s());`;
}

/** 0 … count − 1, a file's worth at a time. */
function chunks(count: number): readonly (readonly number[])[] {
  const numbers = Array.from({ length: count }, (_, n) => n);
  return Array.from({ length: Math.ceil(count / perFile) }, (_, file) => numbers.slice(file * perFile, (file + 1) * perFile));
}
