-- The next entries that have changed since a revision, at most so many.
-- KEYS  revision, changed, beginning of the entries' keys
-- ARGV  since, limit, 1 = forget those that are gone
-- Gives the revision, and for each entry: name, the revision of its change, and its fields; without a source it is gone.
local names = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local found = { redis.call('GET', KEYS[1]) or '0' }
for at = 1, #names, 2 do
  local fields = redis.call('HMGET', KEYS[3] .. names[at], 'source', 'definition', 'paused', 'since', 'due', 'sent', 'id', 'runs')
  if not fields[1] and ARGV[3] == '1' then redis.call('ZREM', KEYS[2], names[at]) end
  found[#found + 1] = { names[at], names[at + 1], fields }
end
return found
