-- Notes that stamped ticks were sent, each once.
-- KEYS  stamped, beginning of the entries' keys
-- ARGV  epoch_ms, then task ids
for at = 2, #ARGV do
  local tick = redis.call('HGET', KEYS[1], ARGV[at])
  if tick then
    redis.call('HDEL', KEYS[1], ARGV[at])
    local key = KEYS[2] .. string.match(tick, '^%d+ (.*)$')
    if redis.call('EXISTS', key) == 1 then
      redis.call('HSET', key, 'sent', ARGV[1], 'id', ARGV[at])
      redis.call('HINCRBY', key, 'runs', 1)
    end
  end
end
return 0
