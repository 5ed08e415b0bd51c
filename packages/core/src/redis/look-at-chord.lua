-- Looks at an open chord, and keeps it: as long as somebody does, it lives.
-- KEYS  the chord
-- ARGV  epoch ms, ttl_ms that it gets at least
-- Gives {members, body, epoch ms of its last sign of life}; {} when it is open no more: its size goes when Python closes it.
local chord, opened = KEYS[1], KEYS[1] .. '.o'
local members, body, alive, seen = unpack(redis.call('HMGET', opened, 'members', 'body', 'alive', 'seen'))
if not members then return {} end
if redis.call('EXISTS', chord .. '.s') == 0 then
  end_chord(chord)
  return {}
end
local kind = redis.call('TYPE', chord .. '.j').ok
local counted = kind == 'list' and redis.call('LLEN', chord .. '.j') or redis.call('ZCARD', chord .. '.j')
if counted ~= tonumber(seen) then
  alive = ARGV[1]
  redis.call('HSET', opened, 'seen', counted, 'alive', alive)
end
if redis.call('PTTL', opened) >= 0 then keep_chord(chord, tonumber(ARGV[2])) end
return { members, body, alive }
