-- The next entries that have changed since a revision, at most so many, and all that are gone since.
-- KEYS  revision, changed, removed, beginning of the entries' keys
-- ARGV  since, limit
-- Gives the revision, the names of those that are gone, and for each entry: name, the revision of its change, and its fields.
local names = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local found = { redis.call('GET', KEYS[1]) or '0', redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[1], '+inf') }
for at = 1, #names, 2 do
  local fields = redis.call('HMGET', KEYS[4] .. names[at], 'source', 'definition', 'paused', 'since', 'due', 'sent', 'id', 'runs')
  found[#found + 1] = { names[at], names[at + 1], fields }
end
return found
