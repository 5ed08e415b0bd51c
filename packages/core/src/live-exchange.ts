/** What a subscriber to a live exchange is meant to hear, for drivers that pass everything on. */
import type { LiveExchange, SubscribeOptions } from "./broker.ts";

export function meant({ type }: LiveExchange, { routingKey: wanted, heard }: SubscribeOptions): SubscribeOptions["heard"] {
  if (type !== "direct") return heard;
  return (envelope, routingKey) => {
    if (routingKey === wanted) heard(envelope, routingKey);
  };
}
