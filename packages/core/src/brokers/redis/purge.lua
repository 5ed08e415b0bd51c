-- Deletes what is ready in a list and what is parked for it.
-- KEYS  list, delay key, unacked, unacked_index
-- Gives how many messages that were.
local purged = redis.call('LLEN', KEYS[1])
for _, tag in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  purged = purged + redis.call('HDEL', KEYS[3], tag)
  redis.call('ZREM', KEYS[4], tag)
end
redis.call('DEL', KEYS[1], KEYS[2])
return purged
