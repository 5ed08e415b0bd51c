-- Takes a key for an owner, or prolongs the owner's.
-- KEYS  reservation
-- ARGV  owner, ttl_ms
-- Gives the holder.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
