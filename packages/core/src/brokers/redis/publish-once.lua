-- Publishes messages of one list, in order, each unless its guard says that it was before.
-- KEYS  list, then the guard key of each message
-- ARGV  guards' ttl_ms, then each message
for at = 2, #KEYS do
  once(KEYS[at], ARGV[1], function()
    redis.call('LPUSH', KEYS[1], ARGV[at])
  end)
end
