/** What commands of remote control may see of a worker, and do to it. The worker builds it, the commands get it. */
import type { AppRuntime, Consumer, Logger } from "@celeriac/core/runtime";
import type { TaskConsumer } from "../consumer.ts";
import type { EventSwitch } from "../event-switch.ts";
import type { LevelSwitch } from "../level-switch.ts";
import type { LimitChanges } from "../limit-changes.ts";
import type { Pool } from "../pool.ts";
import type { Presence } from "../presence.ts";
import type { RateLimits } from "../rate-limits.ts";
import type { Revoked } from "../revoked.ts";
import type { Revoker } from "../revoker.ts";
import type { Teller } from "../telling.ts";

export interface Desk {
  readonly runtime: AppRuntime;
  readonly hostname: string;
  /** null until it consumes */
  consumer(): Consumer | null;
  readonly pool: Pool;
  readonly limitChanges: LimitChanges;
  /** how many tasks it wants to hold */
  readonly demand: () => number;
  readonly tasks: TaskConsumer;
  readonly limits: RateLimits;
  readonly revoked: Revoked;
  readonly revoker: Revoker;
  readonly teller: Teller;
  readonly events: EventSwitch;
  readonly presence: Presence;
  readonly logger: Logger;
  readonly logLevel: LevelSwitch;
  /** of the monotonic clock */
  readonly startedAt: number;
  /** Asks whoever runs the worker to stop it warmly. */
  shutDown(): void;
}
