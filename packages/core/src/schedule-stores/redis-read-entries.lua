-- The next entries that have changed since a revision, at most so many, and those that are gone since.
-- KEYS  revision, changed, removed, definitions, beginning of the entries' keys
-- ARGV  since, limit, the source whose definitions are not asked for
-- Gives the revision up to which it tells, 1 if nothing is left, the names of those that are gone, and what is known of the entries as JSON: one text
-- is read many times faster than its parts. Then the definitions that were asked for.
local changes = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local isLast = #changes < 2 * tonumber(ARGV[2])
local revision = isLast and (redis.call('GET', KEYS[1]) or '0') or changes[#changes]
local gone = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[1], revision)
local entries, asked = {}, {}
for at = 1, #changes, 2 do
  local name = changes[at]
  local fields = redis.call('HMGET', KEYS[5] .. name, 'source', 'digest', 'paused', 'since', 'due', 'sent', 'id', 'runs')
  if fields[1] ~= ARGV[3] then asked[#asked + 1] = name end
  fields[9] = name
  entries[#entries + 1] = fields
end
local definitions = #asked > 0 and redis.call('HMGET', KEYS[4], unpack(asked)) or {}
return { revision, isLast and 1 or 0, gone, #entries > 0 and cjson.encode(entries) or '[]', definitions }
