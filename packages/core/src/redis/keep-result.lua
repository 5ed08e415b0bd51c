-- keep_result(key, text, attempt, ttl_ms): writes a result the way Celery does (the key, then a notice on the
-- channel of the same name), unless what is stored must stay: a SUCCESS always, FAILURE and REVOKED before anything of the same or
-- an older attempt (of two runs that share an attempt, the first final state stands).
--
-- The stored attempt is the text's own member "retries" (absent = 0). It is only looked for where it decides, which is behind a
-- stored FAILURE or REVOKED; the status comes first in the text, so everything else is told from its first bytes. A text may be
-- msgpack (result_serializer), which begins with a byte that no JSON text has.
--
-- Gives 1 when it was written, 0 when the stored one was kept. ttl_ms 0 = for ever.
local function decoded(text)
  local decode = (string.byte(text) or 0) < 128 and cjson.decode or cmsgpack.unpack
  local readable, meta = pcall(decode, text)
  if readable and type(meta) == 'table' then return meta end
  return nil
end

local function stored_status(text)
  local status = string.match(text, '^%s*{%s*"status"%s*:%s*"([^"\\]*)"')
  if status then return status, nil end
  local meta = decoded(text)
  return meta and meta['status'], meta
end

local function stored_attempt(text, meta)
  if not meta then
    if not string.find(text, '"retries"', 1, true) then return 0 end
    meta = decoded(text)
    if not meta then return 0 end
  end
  return tonumber(meta['retries']) or 0
end

local function must_stay(stored, attempt)
  local status, meta = stored_status(stored)
  if status == 'SUCCESS' then return true end
  return (status == 'FAILURE' or status == 'REVOKED') and stored_attempt(stored, meta) >= attempt
end

local function set(key, text, ttl_ms, ...)
  if ttl_ms > 0 then return redis.call('SET', key, text, 'PX', ttl_ms, ...) end
  return redis.call('SET', key, text, ...)
end

local function keep_result(key, text, attempt, ttl_ms)
  -- Mostly nothing is stored yet, and nothing needs to be read.
  if not set(key, text, ttl_ms, 'NX') then
    local stored = redis.call('GET', key)
    if stored and must_stay(stored, attempt) then return 0 end
    set(key, text, ttl_ms)
  end
  redis.call('PUBLISH', key, text)
  return 1
end
