/** A group of none, where no member says which app it belongs to: it has ended before it is sent. */
import { randomUUID } from "node:crypto";
import type { CallSender, CompositeCall, Frozen } from "../call.ts";
import { systemClock } from "../clock.ts";
import { ConfigError } from "../errors.ts";
import type { AsyncResult, HandleSource } from "../result.ts";
import { handleOf } from "../result-tree.ts";

const refuse = (): never => {
  throw new ConfigError("CONFIG_INVALID", "A group without members belongs to no app, and nothing is kept of it");
};

const source: HandleSource = {
  clock: systemClock,
  settings: { resultExpires: null, resultSerializer: "json" },
  waits: new Set(),
  control: async () => refuse(),
  backend: async () => refuse(),
  revive: () => undefined,
};

const handle = <R>({ result }: Pick<Frozen, "result">) => handleOf(source, result) as AsyncResult<R>;

export const emptyGroupSender: CallSender = {
  send: refuse,
  sendComposite<R>(make: () => CompositeCall) {
    const id = String(make().signature.options["task_id"] ?? randomUUID());
    const group = handle<R>({ result: [[id, null], []] });
    return Object.assign(Promise.resolve(group), { get: group.get });
  },
  handle,
};
