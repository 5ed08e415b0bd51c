-- One beat of an incarnation, and the election of the sweeper among those that beat.
-- KEYS  pulses, dead, sweeper
-- ARGV  incarnation, ms for which the sweeper is elected
-- Gives {0} when it was declared dead, {1, number of incarnations}, or, to the sweeper, {2, {incarnation, counter, ...}}.
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return { 0 } end
-- Allowed on a full server, and makes the following write so: nobody may be taken for dead because memory ran out.
redis.call('HDEL', KEYS[1], '')
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
local sweeper = redis.call('GET', KEYS[3])
if sweeper == ARGV[1] then
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
elseif not sweeper then
  redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
else
  return { 1, redis.call('HLEN', KEYS[1]) }
end
return { 2, redis.call('HGETALL', KEYS[1]) }
