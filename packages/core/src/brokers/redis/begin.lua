-- Marks the run of a suspect as begun, durably, while its claim stands.
-- KEYS  claim hash
-- ARGV  n
-- Gives 1, or 0 when the claim is lost.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
-- A write that is allowed on a full server makes the following one so: else no suspect could run there.
redis.call('HDEL', KEYS[1], '')
redis.call('HSET', KEYS[1], 'b:' .. ARGV[1], 1)
return 1
