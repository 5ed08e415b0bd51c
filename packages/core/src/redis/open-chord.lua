-- Opens a chord; nothing happens to one that was opened before.
-- KEYS  the chord
-- ARGV  size, ids of its members as JSON, body as JSON, epoch ms at which it is due, ttl_ms (0 = for ever)
-- Gives 1 = it is open, 0 = it was closed.
local chord, ttl_ms = KEYS[1], tonumber(ARGV[5])
if redis.call('GET', chord .. '.c') == '' then return 0 end
if redis.call('EXISTS', chord .. '.o') == 1 then return 1 end
redis.call('SETNX', chord .. '.s', ARGV[1])
redis.call('HSET', chord .. '.o', 'members', ARGV[2], 'body', ARGV[3], 'alive', ARGV[4], 'seen', 0)
if ttl_ms > 0 then
  redis.call('PEXPIRE', chord .. '.s', ttl_ms)
  redis.call('PEXPIRE', chord .. '.o', ttl_ms)
end
return 1
