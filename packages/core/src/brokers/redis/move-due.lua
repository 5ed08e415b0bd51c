-- Moves parked messages that are due to the head of their list, the one due first to be next.
-- KEYS  list, then as park.lua: delay key, messages and, with kombu's `unacked`, its index
-- ARGV  most to move (1-1000)
-- Gives {moved, ms until the next is due (-1 = none is parked)}. A tag without a message was taken by Python meanwhile.
local function message_of(triple)
  -- Only the end is searched: a pattern over the whole of a large message would stop the server for milliseconds.
  local from = math.max(1, #triple - 1023)
  local start = string.find(string.sub(triple, from), ',%s*"[^"]*",%s*"[^"]*"%]$')
  if start then return string.sub(triple, 2, from + start - 2) end
  return string.match(triple, '^%[(.*),%s*"[^"]*",%s*"[^"]*"%]$')
end

local now = now_ms()
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[1])
-- What is moved frees the memory that it takes: a write that is allowed on a full server makes the following ones so.
redis.call('ZREM', KEYS[2], '')
for i = #due, 1, -1 do
  local tag = due[i]
  local triple = redis.call('HGET', KEYS[3], tag)
  local message = triple and message_of(triple)
  if message then
    redis.call('RPUSH', KEYS[1], message)
    redis.call('HDEL', KEYS[3], tag)
    if KEYS[4] then redis.call('ZREM', KEYS[4], tag) end
  end
  redis.call('ZREM', KEYS[2], tag)
end
local next_due = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
return { #due, next_due[2] and math.max(0, math.ceil(tonumber(next_due[2]) - now)) or -1 }
