-- Publishes one message that is guarded, or parked until it is due. Plain ones need no script: they are LPUSHed.
-- KEYS  list, guard key, and to park it as park.lua: delay key, messages and, with kombu's `unacked`, its index
-- ARGV  guard's ttl_ms ('' = unguarded), raw, due_ms ('' = now), tag, suffix (for park.lua)
-- Gives 1 when it was taken, 0 when the guard says that it was before.
local taken = once(KEYS[2], ARGV[1], function()
  if ARGV[3] == '' then
    redis.call('LPUSH', KEYS[1], ARGV[2])
  else
    park({ KEYS[3], KEYS[4], KEYS[5] }, ARGV[4], tonumber(ARGV[3]), ARGV[2], ARGV[5])
  end
end)
return taken and 1 or 0
