-- park(delay_key, tag, due_ms, message, suffix): parks a message until it is due, as kombu's triple [message, exchange, routing key] in
-- `unacked`, where Python restores it a visibility timeout after it was due if nobody of ours is left to move it.
-- `suffix` is ',"<exchange>","<routing key>"]', in which no escaped quotation mark occurs: move-due.lua cuts it off again.
local function park(delay_key, tag, due_ms, message, suffix)
  redis.call('HSET', PREFIX .. 'unacked', tag, '[' .. message .. suffix)
  redis.call('ZADD', PREFIX .. 'unacked_index', string.format('%.3f', due_ms / 1000), tag)
  redis.call('ZADD', delay_key, string.format('%.0f', due_ms), tag)
end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
