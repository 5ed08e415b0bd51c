-- Adds and replaces entries; what they have run stays, and one whose timing changes is due from now on.
-- KEYS  lead, revision, changed, removed, definitions, beginning of the entries' keys
-- ARGV  token (0: of nobody), source, then name, definition, digest and timing of each
-- Gives the names of those that are another source's, which it leaves alone; 0 when another leads.
if not may_write(KEYS[1], ARGV[1]) then return 0 end
local time = redis.call('TIME')
local now = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
local revision = tonumber(redis.call('GET', KEYS[2]) or '0')
local refused, names, changes, definitions = {}, {}, {}, {}
for at = 3, #ARGV, 4 do
  local name, key = ARGV[at], KEYS[6] .. ARGV[at]
  local found = redis.call('HMGET', key, 'source', 'timing')
  if found[1] and found[1] ~= ARGV[2] then
    refused[#refused + 1] = name
  else
    local fields = { 'source', ARGV[2], 'digest', ARGV[at + 2], 'timing', ARGV[at + 3] }
    local moment = not found[1] and 'since' or found[2] ~= ARGV[at + 3] and 'due'
    if moment then
      fields[7], fields[8] = moment, now
    end
    redis.call('HSET', key, unpack(fields))
    revision = revision + 1
    names[#names + 1] = name
    changes[#changes + 1], changes[#changes + 2] = revision, name
    definitions[#definitions + 1], definitions[#definitions + 2] = name, ARGV[at + 1]
  end
end
if #names > 0 then
  redis.call('SET', KEYS[2], string.format('%d', revision))
  redis.call('ZADD', KEYS[3], unpack(changes))
  redis.call('ZREM', KEYS[4], unpack(names))
  redis.call('HSET', KEYS[5], unpack(definitions))
end
return refused
