-- Adds and replaces entries; what they have run stays, and one whose timing changes is due from now on.
-- KEYS  revision, changed, removed, beginning of the entries' keys
-- ARGV  source, then name, definition and timing of each
-- Gives the names of those that are another source's, which it leaves alone.
local time = redis.call('TIME')
local now = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
local refused = {}
for at = 2, #ARGV, 3 do
  local key = KEYS[4] .. ARGV[at]
  local found = redis.call('HMGET', key, 'source', 'timing')
  if found[1] and found[1] ~= ARGV[1] then
    refused[#refused + 1] = ARGV[at]
  else
    if not found[1] then
      redis.call('HSET', key, 'since', now)
      redis.call('ZREM', KEYS[3], ARGV[at])
    elseif found[2] ~= ARGV[at + 2] then
      redis.call('HSET', key, 'due', now)
    end
    redis.call('HSET', key, 'source', ARGV[1], 'definition', ARGV[at + 1], 'timing', ARGV[at + 2])
    redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[1]), ARGV[at])
  end
end
return refused
