/** What lies under one memory:// URL: one space per process and name, where an app and the worker beside it meet. It ends with the process. */
import type { DriverContext } from "../driver.ts";
import { BrokerError, ConfigError } from "../errors.ts";
import { redactUrl } from "../redact.ts";
import { Bindings } from "./bindings.ts";
import { Chords } from "./chords.ts";
import { Coordination } from "./coordination.ts";
import type { Entries } from "./entries.ts";
import { Messages } from "./messages.ts";
import { Results } from "./results.ts";
import { Subscribers } from "./subscribers.ts";

export interface Space {
  /** as in the URL: "memory://shop" */
  readonly label: string;
  readonly messages: Messages;
  readonly bindings: Bindings;
  readonly subscribers: Subscribers;
  readonly results: Results;
  readonly chords: Chords;
  readonly coordination: Coordination;
  /** by app */
  readonly schedules: Map<string, Entries>;
}

// Whoever names the same URL has to find the same space, and what was confirmed stays when everyone has closed: so it belongs to none of them.
const spaces = new Map<string, Space>();

/** Throws CONFIG_URL; MEMORY_OUT_OF_REACH in an executor, whose memory is not its worker's. */
export function openSpace(url: string, { inExecutor }: Pick<DriverContext, "inExecutor">): Space {
  const label = `memory://${spaceName(url)}`;
  if (inExecutor) {
    throw new BrokerError(
      "MEMORY_OUT_OF_REACH",
      `${label} lies in the memory of the process that started the worker, and a task runs in another process or thread: nothing it sends there would be found. Use sqlite:// where tasks send tasks or read results`,
    );
  }
  const space = spaces.get(label) ?? {
    label,
    messages: new Messages(),
    bindings: new Bindings(),
    subscribers: new Subscribers(),
    results: new Results(),
    chords: new Chords(),
    coordination: new Coordination(),
    schedules: new Map(),
  };
  spaces.set(label, space);
  return space;
}

/** It goes with the last who has opened it. */
export function forgetSpace(url: string): void {
  spaces.delete(`memory://${spaceName(url)}`);
}

/** Do both URLs name one space? */
export function isSameSpace(url: string, other: string | null): boolean {
  return other !== null && /^memory:/i.test(other) && spaceName(url) === spaceName(other);
}

function spaceName(url: string): string {
  const name = /^memory:\/\/([\w.-]*)\/?$/i.exec(url)?.[1];
  if (name !== undefined) return name;
  throw new ConfigError("CONFIG_URL", `${JSON.stringify(redactUrl(url))}: expected memory:// or memory://name, of letters, digits, . _ -`);
}
