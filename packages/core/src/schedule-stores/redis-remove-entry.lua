-- Removes an entry of a source.
-- KEYS  revision, changed, removed, definitions, entry
-- ARGV  source, name
-- Gives 1, or 0 when there is none.
if redis.call('HGET', KEYS[5], 'source') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[5])
redis.call('HDEL', KEYS[4], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[3], redis.call('INCR', KEYS[1]), ARGV[2])
return 1
