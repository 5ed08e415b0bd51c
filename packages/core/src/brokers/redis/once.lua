-- once(guard_key, ttl_ms, put): calls `put` unless its guard says that this was done before; ttl_ms '' = always.
-- The guard comes last: a write that failed may be repeated. After the first write of a script memory is no reason to refuse the next.
-- Gives whether it was called.
local function once(guard_key, ttl_ms, put)
  if ttl_ms ~= '' and redis.call('EXISTS', guard_key) == 1 then return false end
  put()
  if ttl_ms ~= '' then redis.call('SET', guard_key, '1', 'PX', ttl_ms) end
  return true
end
