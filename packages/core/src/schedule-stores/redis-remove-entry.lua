-- Removes an entry of a source.
-- KEYS  revision, changed, entry
-- ARGV  source, name
-- Gives 1, or 0 when there is none.
if redis.call('HGET', KEYS[3], 'source') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[3])
redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[1]), ARGV[2])
return 1
