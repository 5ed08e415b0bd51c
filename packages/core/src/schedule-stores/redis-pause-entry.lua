-- Pauses an entry, or lets it go on: then it is due from now on.
-- KEYS  revision, changed, entry
-- ARGV  name, 1 = paused
-- Gives 1, or 0 when there is none.
if redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
if ARGV[2] == '0' and redis.call('HGET', KEYS[3], 'paused') == '1' then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[3], 'due', string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000)))
end
redis.call('HSET', KEYS[3], 'paused', ARGV[2])
redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[1]), ARGV[1])
return 1
