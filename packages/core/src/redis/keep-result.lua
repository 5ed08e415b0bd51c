-- keep_result(key, text, attempt, ttl_ms): writes a result the way Celery does (the key, then a notice on the
-- channel of the same name), unless what is stored must stay: a SUCCESS always, FAILURE and REVOKED before anything of the same or
-- an older attempt (of two runs that share an attempt, the first final state stands).
--
-- The stored attempt is the text's own member "retries" (absent = 0). It is only looked for where it decides, which is behind a
-- stored FAILURE or REVOKED; the status comes first in the text, so everything else is told from its first bytes.
--
-- Gives 1 when it was written, 0 when the stored one was kept. ttl_ms 0 = for ever.
local function stored_status(text)
  local status = string.match(text, '^%s*{%s*"status"%s*:%s*"([^"\\]*)"')
  if status then return status, nil end
  local readable, meta = pcall(cjson.decode, text)
  if readable and type(meta) == 'table' then return meta['status'], meta end
  return nil, nil
end

local function stored_attempt(text, meta)
  if not meta then
    if not string.find(text, '"retries"', 1, true) then return 0 end
    local readable, decoded = pcall(cjson.decode, text)
    if not readable or type(decoded) ~= 'table' then return 0 end
    meta = decoded
  end
  return tonumber(meta['retries']) or 0
end

local function keep_result(key, text, attempt, ttl_ms)
  local stored = redis.call('GET', key)
  if stored then
    local status, meta = stored_status(stored)
    if status == 'SUCCESS' then return 0 end
    if status == 'FAILURE' or status == 'REVOKED' then
      if stored_attempt(stored, meta) >= attempt then return 0 end
    end
  end
  if ttl_ms > 0 then
    redis.call('SET', key, text, 'PX', ttl_ms)
  else
    redis.call('SET', key, text)
  end
  redis.call('PUBLISH', key, text)
  return 1
end
