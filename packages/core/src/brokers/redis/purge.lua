-- Deletes what is ready in a list, and one page of what is parked for it: a script over a million messages would stop the server.
-- KEYS  list, then as park.lua: delay key, messages and, with kombu's `unacked`, its index
-- ARGV  most parked messages to delete (1-1000)
-- Gives {deleted, parked messages looked at: less than the most = that was the last page}.
local purged = redis.call('LLEN', KEYS[1])
redis.call('UNLINK', KEYS[1])
local tags = redis.call('ZRANGE', KEYS[2], 0, tonumber(ARGV[1]) - 1)
if #tags > 0 then
  purged = purged + redis.call('HDEL', KEYS[3], unpack(tags))
  if KEYS[4] then redis.call('ZREM', KEYS[4], unpack(tags)) end
  redis.call('ZREM', KEYS[2], unpack(tags))
end
return { purged, #tags }
