/** Which broker goes with which result backend, and how: every pair there is, those that are left out with the reason. docs/guarantees.md says the same. */

export const brokerKinds = ["memory", "sqlite", "redis", "redis+cluster", "amqp"] as const;
export type BrokerKind = (typeof brokerKinds)[number];

/** What the page calls a backend, by what the suite does. */
export const backendNames = {
  unset: "none named: where tasks wait",
  memory: "`memory://`, another name",
  sqlite: "`db+sqlite:///`, another file",
  "redis database": "`redis://`, another database of the broker's server",
  redis: "`redis://`, another server",
  "redis+cluster": "`redis+cluster://`",
  postgres: "`db+postgresql://`",
  rpc: "`rpc://`",
  disabled: "`disabled`",
} as const;
export type BackendKind = keyof typeof backendNames;

/** The words stand in the table of the page. */
export type Pairing =
  /** result, follow-ups and acknowledgement are one step of one server */
  | { readonly words: "one step" }
  /** one after the other, so that a crash in between repeats the rest */
  | { readonly words: "in turn" }
  | { readonly words: "no results" }
  /** left out: the product refuses it */
  | { readonly words: "refused"; readonly code: "CONFIG_URL"; readonly says: string }
  /** left out: it is another pair under another name */
  | { readonly words: "–"; readonly is: BackendKind };

const oneStep = { words: "one step" } as const;
const inTurn = { words: "in turn" } as const;
const none = { words: "no results" } as const;
const everywhere = <P extends Pairing>(pairing: P) => ({
  memory: pairing,
  sqlite: pairing,
  redis: pairing,
  "redis+cluster": pairing,
  amqp: pairing,
});
const noReplies = { words: "refused", code: "CONFIG_URL", says: "rpc:// sends results through the broker" } as const;

export const pairings: Readonly<Record<BackendKind, Readonly<Record<BrokerKind, Pairing>>>> = {
  // On a cluster a result and a queue lie with different nodes.
  unset: { memory: oneStep, sqlite: oneStep, redis: oneStep, "redis+cluster": inTurn, amqp: { words: "–", is: "rpc" } },
  memory: everywhere(inTurn),
  sqlite: everywhere(inTurn),
  // No server but Redis is a broker and has databases.
  "redis database": { ...everywhere({ words: "–", is: "redis" }), redis: oneStep },
  redis: everywhere(inTurn),
  "redis+cluster": { ...everywhere<Pairing>(inTurn), "redis+cluster": { words: "–", is: "unset" } },
  postgres: everywhere(inTurn),
  rpc: { ...everywhere(noReplies), amqp: inTurn },
  disabled: everywhere(none),
};

export interface Pair {
  readonly broker: BrokerKind;
  readonly backend: BackendKind;
  readonly pairing: Pairing;
}

export const pairs: readonly Pair[] = brokerKinds.flatMap((broker) =>
  (Object.keys(pairings) as BackendKind[]).map((backend) => ({ broker, backend, pairing: pairings[backend][broker] })),
);
