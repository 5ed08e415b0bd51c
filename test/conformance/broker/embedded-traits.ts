/** What the brokers without a server have in common: their store does all that ours ask of it. */
import type { BrokerTraits } from "./world.ts";

export const embeddedTraits = {
  deduplicates: true,
  unsetPriority: "last",
  requeuesCountedAtHead: true,
  knowsAge: true,
  purgesDelayed: true,
  settlesResults: true,
} as const satisfies Partial<BrokerTraits>;
