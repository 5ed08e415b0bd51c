/** The broker's Lua scripts; each file's head documents its keys and arguments. */
import { redisScript } from "../../redis/script.ts";

const here = import.meta.url;

export const scripts = Object.freeze({
  acknowledge: redisScript(here, "./acknowledge.lua"),
  begin: redisScript(here, "./begin.lua"),
  bury: redisScript(here, "./bury.lua"),
  claim: redisScript(here, "./claim.lua"),
  complete: redisScript(here, "../../redis/keep-result.lua", "./complete.lua"),
  expireTombstones: redisScript(here, "./expire-tombstones.lua"),
  moveDue: redisScript(here, "./park.lua", "./move-due.lua"),
  publish: redisScript(here, "./once.lua", "./park.lua", "./publish.lua"),
  pulse: redisScript(here, "./pulse.lua"),
  purge: redisScript(here, "./purge.lua"),
  recover: redisScript(here, "./recover.lua"),
  register: redisScript(here, "./register.lua"),
  settle: redisScript(here, "../../redis/keep-result.lua", "./once.lua", "./park.lua", "./settle.lua"),
  unregister: redisScript(here, "./unregister.lua"),
});
