-- count_part(chord, score, task_id, entry, ttl_ms): counts one part of a chord, as Celery keeps it (the keys: chord-keys.ts), unless the task was
-- counted before or the chord is closed. Celery's zset holds entries by their index; with result_chord_ordered = false it is a list.
-- Gives 1 when all are in, 0 when others are awaited, -1 when the chord is closed. ttl_ms 0 = for ever.

-- An entry is `[1, "<id>", ...` in JSON or in msgpack, so the id begins within its first signs.
local function is_counted(parts, kind, score, task_id)
  local entries
  if kind == 'list' then
    entries = redis.call('LRANGE', parts, 0, -1)
  else
    entries = redis.call('ZRANGEBYSCORE', parts, score, score)
  end
  for _, entry in ipairs(entries) do
    local at = string.find(entry, task_id, 1, true)
    if at and at < 8 then return true end
  end
  return false
end

-- All keys of a chord live as long as the one that lives longest.
local function keep_chord(chord, ttl_ms)
  local keys = { chord .. '.s', chord .. '.j', chord .. '.t', chord .. '.a', chord .. '.o' }
  for _, key in ipairs(keys) do
    if ttl_ms > 0 then ttl_ms = math.max(ttl_ms, redis.call('PTTL', key)) end
  end
  for _, key in ipairs(keys) do
    if ttl_ms > 0 then redis.call('PEXPIRE', key, ttl_ms) else redis.call('PERSIST', key) end
  end
end

-- Python may write the size behind the first parts.
local function is_complete(chord, kind)
  local size = tonumber(redis.call('GET', chord .. '.s') or nil)
  if not size then return false end
  local added = tonumber(redis.call('GET', chord .. '.t') or 0) or 0
  local counted = redis.call(kind == 'list' and 'LLEN' or 'ZCARD', chord .. '.j')
  return counted >= size + added
end

local function count_part(chord, score, task_id, entry, ttl_ms)
  if redis.call('GET', chord .. '.c') == '' then return -1 end
  local parts = chord .. '.j'
  local kind = redis.call('TYPE', parts).ok
  if not is_counted(parts, kind, score, task_id) then
    if kind == 'list' then
      redis.call('RPUSH', parts, entry)
    else
      redis.call('ZADD', parts, score, entry)
    end
  end
  keep_chord(chord, ttl_ms)
  return is_complete(chord, kind) and 1 or 0
end
