-- Declares an incarnation dead whose counter stood still, if it stands still now. From here on it is never alive again.
-- KEYS  pulses, dead
-- ARGV  incarnation, counter as seen
-- Gives 1, or 0 when it has beaten meanwhile or is gone.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], redis.call('TIME')[1] .. '000')
-- Its claims are found from its tombstone, so it stays until they are recovered, however long nobody works here.
redis.call('PERSIST', KEYS[2])
return 1
