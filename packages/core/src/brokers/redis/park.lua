-- park(keys, tag, due_ms, message, suffix): parks a message until it is due, as kombu's triple [message, exchange, routing key].
-- `keys` are the zset of tags and due times, the hash of messages (kombu's `unacked`, or one beside the list) and, with `unacked`, its
-- index, by which Python restores the message a visibility timeout after it was due if nobody of ours is left to move it; else nil.
-- Only a message that is due before all others is told to whoever moves them: by a key that is touched, and never there (firstDueKey).
-- `suffix` is ',"<exchange>","<routing key>"]', in which no escaped quotation mark occurs: move-due.lua cuts it off again.
local function park(keys, tag, due_ms, message, suffix)
  redis.call('HSET', keys[2], tag, '[' .. message .. suffix)
  if keys[3] then redis.call('ZADD', keys[3], string.format('%.3f', due_ms / 1000), tag) end
  redis.call('ZADD', keys[1], string.format('%.0f', due_ms), tag)
  if redis.call('ZRANGE', keys[1], 0, 0)[1] ~= tag then return end
  redis.call('SET', keys[1] .. ':first', '')
  redis.call('DEL', keys[1] .. ':first')
end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
