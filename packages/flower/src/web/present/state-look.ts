/** How a task's state looks and reads: a word, a sign and a tone. Pure. */

export type Tone = "good" | "bad" | "warn" | "busy" | "idle" | "odd";

export interface StateLook {
  readonly word: string;
  readonly tone: Tone;
  readonly icon: "check" | "cross" | "retry" | "play" | "inbox" | "clock" | "slash" | "dotted" | "warn";
}

const looks: Readonly<Record<string, StateLook>> = {
  PENDING: { word: "Pending", tone: "idle", icon: "dotted" },
  RECEIVED: { word: "Received", tone: "idle", icon: "inbox" },
  STARTED: { word: "Started", tone: "busy", icon: "play" },
  SUCCESS: { word: "Succeeded", tone: "good", icon: "check" },
  FAILURE: { word: "Failed", tone: "bad", icon: "cross" },
  RETRY: { word: "Retried", tone: "warn", icon: "retry" },
  REVOKED: { word: "Revoked", tone: "odd", icon: "slash" },
  REJECTED: { word: "Rejected", tone: "odd", icon: "cross" },
};

/** The states one may ask for, in the order of a task's life. */
export const knownStates = Object.keys(looks);

/** A custom state is shown as it is called. */
export function lookOf(state: string): StateLook {
  return Object.hasOwn(looks, state) ? looks[state]! : { word: state, tone: "busy", icon: "dotted" };
}
