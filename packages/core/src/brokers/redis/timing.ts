/** The protocol's times. Tests make them shorter; every process of a fleet must use the same. */

export interface RedisTiming {
  /** between two beats of an incarnation */
  readonly pulseMs: number;
  /** how long a counter must stand still before its incarnation is buried */
  readonly deadAfterMs: number;
  /** for how long a sweeper is elected without a beat */
  readonly sweeperMs: number;
  /** an idle worker looks again after so long, although it would be told */
  readonly lookAgainMs: number;
  /** the server's clock may be set: when the next message is due is asked again after so long */
  readonly dueCheckMs: number;
  /** a server that owes an answer for so long is taken for gone */
  readonly silentMs: number;
}

export const protocolTiming: RedisTiming = Object.freeze({
  pulseMs: 3_000,
  deadAfterMs: 12_000,
  sweeperMs: 9_000,
  lookAgainMs: 1_000,
  dueCheckMs: 60_000,
  silentMs: 5_000,
});

let inForce = protocolTiming;

/** What a broker goes by that is opened now without times of its own. */
export const redisTiming = (): RedisTiming => inForce;

/** For tests only: the times of every broker that this process opens from now on. */
export function shortenRedisTiming(changes: Partial<RedisTiming>): void {
  inForce = Object.freeze({ ...protocolTiming, ...changes });
}

/** A buried incarnation's tombstone stays as long: far beyond any frozen process that could come back. */
export const tombstoneMs = 7 * 24 * 3_600_000;
/** A guarded publication is the same message for so long. */
export const guardMs = 10 * 60_000;
