/** Contracts: names and types without code, and the code that a worker gives them. */

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type ArgsOf, type AsyncResult, shape, type Task } from "celeriac";
import { type add, app } from "./app.ts";
import { type Equal, expectType } from "./equal.ts";

declare const Email: StandardSchemaV1<{ to: string; subject?: string }, { to: string; subject: string }>;

const score = app.declare<(doc: string, topK?: number) => number>("ml.score", { queue: "gpu", params: ["doc", "top_k"] });
const render = app.declare("pdf.render", {
  input: shape<{ url: string; pages?: number }>(),
  output: shape<{ bytes: number }>(),
  progress: shape<{ page: number }>(),
});
const mail = app.declare("mail.send", { input: Email });
const typed = app.declare<typeof add>("proj.add");
expectType<Equal<ArgsOf<typeof typed>, [x: number, y: number]>>();

export async function callers(): Promise<void> {
  const value = await score.delay("d").get();
  expectType<Equal<typeof value, number>>();
  const handle = await render.delay({ url: "u" });
  expectType<Equal<typeof handle, AsyncResult<{ bytes: number }, { page: number }>>>();
  for await (const snapshot of handle.watch()) expectType<Equal<typeof snapshot.progress, { page: number } | undefined>>();
  await mail.delay({ to: "a@example.org" });

  // @ts-expect-error a declaration without types cannot be sent by accident: app.sendTask is the untyped way
  app.declare("no.types").delay(1);
  // @ts-expect-error a declared task has no code here
  await score("d");
  // @ts-expect-error `to` is missing
  await mail.delay({ subject: "s" });
}

export async function worker(): Promise<void> {
  const equipped = app.withDeps(async (scope) => {
    scope.onClose(() => {});
    return { smtp: { send: async (to: string) => to } };
  });
  const run = equipped.implement(render, { timeLimit: "2m", retryBackoff: true }, async (self, input) => {
    await self.progress({ page: 1 });
    await self.deps.smtp.send(input.url);
    return { bytes: 1 };
  });
  expectType<Equal<typeof run, Task<[input: { url: string; pages?: number }], { bytes: number }, { page: number }>>>();
  await run({ url: "u" });
  equipped.implement(mail, async (_self, input) => {
    expectType<Equal<typeof input, { to: string; subject: string }>>();
  });
  // @ts-expect-error wrong result
  equipped.implement(render, async () => ({ bytes: "1" }));
  // @ts-expect-error wrong parameter
  equipped.implement(score, async (_self, doc: number) => doc);
  // @ts-expect-error an implemented task is not declared
  equipped.implement(run, async () => ({ bytes: 1 }));
}

export function defined(): void {
  const send = app.define("mail.now", { input: Email, queue: "mail", timeLimit: "30s" }, async (self, input) => {
    self.log.info(input.subject);
    return input.to;
  });
  expectType<Equal<typeof send, Task<[input: { to: string; subject?: string }], string, unknown>>>();
}
