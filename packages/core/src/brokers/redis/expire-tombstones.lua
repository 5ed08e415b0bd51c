-- Lets tombstones go that are old enough, and all of them when nobody is buried for as long. Called when all the dead are recovered.
-- KEYS  dead
-- ARGV  ms for which tombstones are kept
local oldest = tonumber(redis.call('TIME')[1]) * 1000 - tonumber(ARGV[1])
local graves = redis.call('HGETALL', KEYS[1])
for i = 1, #graves, 2 do
  if tonumber(graves[i + 1]) < oldest then redis.call('HDEL', KEYS[1], graves[i]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
