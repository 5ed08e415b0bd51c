-- Claims up to k messages, list after list, in one step: what leaves a list is in the claim hash before anybody can look.
-- Nothing is parsed.
-- KEYS  list 1, its claim hash, list 2, its claim hash, ...
-- ARGV  base (claims are numbered base+1, base+2, ...), k (1-100), number of the session
-- Gives {fenced, i1, {raw, ...}, i2, {raw, ...}, ...}: fenced is 1 when a claim hash has no sentinel of this session,
-- i counts KEYS' lists from 1.
-- RPOP comes first because it is allowed on a full server, and after it so are HSET and RPUSH. A list that cannot be read, a key of
-- somebody else, does not undo what was claimed before it: only a claim that got nothing fails.
-- Lists that may have been emptied are looked at in the end: where the caller tracks what is read, their next change is told. All
-- reading is behind the pop, which would else be told, too (before Redis 7.2 any reading tracks all KEYS).
local n = tonumber(ARGV[1])
local left = tonumber(ARGV[2])
local reply = { 0 }
local failure
for i = 1, #KEYS, 2 do
  local list, claims = KEYS[i], KEYS[i + 1]
  local popped = redis.pcall('RPOP', list, left)
  if popped and popped.err then
    failure = popped.err .. ' (' .. list .. ')'
    popped = false
  end
  if redis.call('HGET', claims, '@') ~= ARGV[3] then
    for j = popped and #popped or 0, 1, -1 do redis.call('RPUSH', list, popped[j]) end
    reply[1] = 1
    return reply
  end
  if popped then
    local fields = {}
    for j = 1, #popped do
      n = n + 1
      fields[2 * j - 1] = n
      fields[2 * j] = popped[j]
    end
    redis.call('HSET', claims, unpack(fields))
    reply[#reply + 1] = (i + 1) / 2
    reply[#reply + 1] = popped
    left = left - #popped
    if left <= 0 then return reply end
  end
  redis.call('EXISTS', list)
end
if failure and #reply == 1 then return redis.error_reply(failure) end
return reply
