-- Publishes one message that is guarded, or parked until it is due. Plain ones need no script: they are LPUSHed.
-- KEYS  guard key ('' = none), list, delay key
-- ARGV  guard's ttl_ms, raw, due_ms ('' = now), tag, suffix (for park.lua)
-- Gives 1 when it was taken, 0 when the guard says that it was before.
local taken = once(KEYS[1], ARGV[1], function()
  if ARGV[3] == '' then
    redis.call('LPUSH', KEYS[2], ARGV[2])
  else
    park(KEYS[3], ARGV[4], tonumber(ARGV[3]), ARGV[2], ARGV[5])
  end
end)
return taken and 1 or 0
