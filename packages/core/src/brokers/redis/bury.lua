-- Declares an incarnation dead whose counter stood still, if it stands still now. From here on it is never alive again.
-- KEYS  pulses, dead
-- ARGV  incarnation, counter as seen, ms for which tombstones are kept
-- Gives 1, or 0 when it has beaten meanwhile or is gone.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
local now = tonumber(redis.call('TIME')[1]) * 1000
local graves = redis.call('HGETALL', KEYS[2])
for i = 1, #graves, 2 do
  if tonumber(graves[i + 1]) < now - tonumber(ARGV[3]) then redis.call('HDEL', KEYS[2], graves[i]) end
end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
