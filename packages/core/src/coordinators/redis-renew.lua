-- Prolongs a lease for the holder of `token`.
-- KEYS  lease
-- ARGV  token, ttl_ms
-- Gives 1, or 0 when it is not the holder's any more.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
