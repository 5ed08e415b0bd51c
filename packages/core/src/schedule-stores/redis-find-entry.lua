-- One entry by its name.
-- KEYS  definitions, entry
-- ARGV  name
-- Gives its definition and what is known of it, or nothing when there is none.
local fields = redis.call('HMGET', KEYS[2], 'source', 'digest', 'paused', 'since', 'due', 'sent', 'id', 'runs')
if not fields[1] then return false end
return { redis.call('HGET', KEYS[1], ARGV[1]), unpack(fields) }
