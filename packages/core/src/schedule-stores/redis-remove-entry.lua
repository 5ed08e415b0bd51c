-- Removes an entry of a source.
-- KEYS  lead, revision, changed, removed, definitions, entry
-- ARGV  token (0: of nobody), source, name
-- Gives 1, or 0 when there is none, or another leads.
if not may_write(KEYS[1], ARGV[1]) or redis.call('HGET', KEYS[6], 'source') ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[6])
redis.call('HDEL', KEYS[5], ARGV[3])
redis.call('ZREM', KEYS[3], ARGV[3])
redis.call('ZADD', KEYS[4], redis.call('INCR', KEYS[2]), ARGV[3])
return 1
