/** The times of holding long tasks; tests shorten them. */

export interface HoldTiming {
  /** A message that is claimed for longer is held. Below a minute: no `consumer_timeout` is shorter. */
  readonly afterMs: number;
  /** So often a worker looks for such messages. */
  readonly lookEveryMs: number;
  /** So often it is asked whether those live for whom messages are held, while there are any. */
  readonly watchEveryMs: number;
  /** Who is not seen for so long is dead: longer than it takes to connect again. */
  readonly goneAfterMs: number;
  /** So often the tickets are taken anew, so that they are no delivery that `consumer_timeout` ends. */
  readonly renewEveryMs: number;
}

export const holdTiming: HoldTiming = {
  afterMs: 45_000,
  lookEveryMs: 5_000,
  watchEveryMs: 2_000,
  goneAfterMs: 10_000,
  renewEveryMs: 30_000,
};
