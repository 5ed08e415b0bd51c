-- Takes a lease that is free.
-- KEYS  lease, token counter
-- ARGV  ttl_ms
-- Gives the new holder's token, or 0 while another holds it.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local token = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], token, 'PX', ARGV[1])
return token
