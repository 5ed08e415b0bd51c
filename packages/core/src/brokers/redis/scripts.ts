/** The broker's Lua scripts; each file's head documents its keys and arguments. */
import type { RedisConnection } from "../../redis/connection.ts";
import { isReply } from "../../redis/failure.ts";
import { redisScript } from "../../redis/script.ts";

const here = import.meta.url;

export const scripts = Object.freeze({
  acknowledge: redisScript(here, "./acknowledge.lua"),
  admit: redisScript(here, "./admit.lua"),
  begin: redisScript(here, "./begin.lua"),
  bury: redisScript(here, "./bury.lua"),
  claim: redisScript(here, "./claim.lua"),
  closeChord: redisScript(
    here,
    ...["../../redis/keep-result.lua", "../../redis/end-chord.lua", "./once.lua", "./park.lua", "./follow.lua", "./close-chord.lua"],
  ),
  complete: redisScript(here, "../../redis/keep-result.lua", "./complete.lua"),
  expireTombstones: redisScript(here, "./expire-tombstones.lua"),
  leave: redisScript(here, "./leave.lua"),
  moveDue: redisScript(here, "./park.lua", "./move-due.lua"),
  publishLater: redisScript(here, "./once.lua", "./park.lua", "./publish-later.lua"),
  publishOnce: redisScript(here, "./once.lua", "./publish-once.lua"),
  pulse: redisScript(here, "./pulse.lua"),
  purge: redisScript(here, "./purge.lua"),
  recover: redisScript(here, "./recover.lua"),
  register: redisScript(here, "./register.lua"),
  settle: redisScript(
    here,
    ...["../../redis/keep-result.lua", "../../redis/count-part.lua", "./once.lua", "./park.lua", "./follow.lua", "./settle.lua"],
  ),
  unregister: redisScript(here, "./unregister.lua"),
});

/** Those whose order counts: one that a server does not know yet is sent a second time, behind what was sent after it. */
const ordered = [scripts.acknowledge, scripts.claim, scripts.complete, scripts.settle];

/** Lets every server know them. A user who may not do that only loses the order, the first time. */
export async function loadScripts({ servers, keyPrefix }: RedisConnection): Promise<void> {
  const load = (server: RedisConnection, source: string) =>
    server.call("SCRIPT", "LOAD", source).catch((error: unknown) => {
      if (!isReply(error)) throw error;
    });
  await Promise.all(servers.flatMap((server) => ordered.map((script) => load(server, script.withPrefix(keyPrefix).source))));
}
