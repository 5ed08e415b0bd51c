/** The arithmetic of a token bucket, for coordinators that keep it here; those on a server repeat it there. Ground floor. */
import { ConfigError } from "./errors.ts";

/** How a bucket fills: it holds `limit` tokens at most, and an empty one is full again after `perMs`. */
export interface BucketRate {
  readonly limit: number;
  readonly perMs: number;
}

export interface Bucket {
  readonly tokens: number;
  /** epoch ms when it held them */
  readonly at: number;
}

export type Taken =
  | { readonly taken: true; readonly bucket: Bucket; readonly fullAt: number }
  /** after how many ms there may be enough */
  | { readonly taken: false; readonly waitMs: number };

/** Fractions lose their last digits: so much less than a token is none. */
const almostNone = 1e-9;

/** Takes `n` tokens or none. `bucket`: as it was left, null when it is full. */
export function takeTokens(bucket: Bucket | null, n: number, { limit, perMs }: BucketRate, now: number): Taken {
  // A clock that was set back fills nothing, and the bucket goes on from there.
  const held = bucket === null ? limit : Math.min(limit, bucket.tokens + (Math.max(0, now - bucket.at) * limit) / perMs);
  if (n - held > almostNone) return { taken: false, waitMs: Math.ceil(((n - held) * perMs) / limit) };
  const tokens = Math.max(0, held - n);
  return { taken: true, bucket: { tokens, at: now }, fullAt: now + ((limit - tokens) * perMs) / limit };
}

/** Throws CONFIG_INVALID for a rate that is none, and for more tokens than there can ever be. */
export function checkTake(bucket: string, n: number, { limit, perMs }: BucketRate): void {
  const fits = n > 0 && limit >= n && Number.isFinite(limit) && perMs > 0 && Number.isFinite(perMs);
  if (fits) return;
  throw new ConfigError(
    "CONFIG_INVALID",
    `${n} tokens of bucket ${JSON.stringify(bucket)} at ${limit} per ${perMs} ms: expected more than none, no more than the limit, and a time`,
  );
}
