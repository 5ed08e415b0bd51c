-- Parks one message until it is due, unless its guard says that it was published before.
-- KEYS  guard key, then as park.lua has them: delay key, messages and, with kombu's `unacked`, its index
-- ARGV  guard's ttl_ms ('' = unguarded), raw, due_ms, tag, suffix (for park.lua)
once(KEYS[1], ARGV[1], function()
  park({ KEYS[2], KEYS[3], KEYS[4] }, ARGV[4], tonumber(ARGV[3]), ARGV[2], ARGV[5])
end)
