-- Adds a task to those that a chord counts, as Celery's `.t` says; nothing happens to one that was added before. Follows count-part.lua.
-- KEYS  the chord
-- ARGV  task id, the same as JSON
-- Gives 1 = it is counted, 0 = the chord is closed.
local chord = KEYS[1]
if redis.call('GET', chord .. '.c') == '' then return 0 end
local added, line = redis.call('GET', chord .. '.a') or '\n', ARGV[1] .. '\n'
if string.find(added, '\n' .. line, 1, true) then return 1 end
-- SET takes away how long they live.
local ttl_ms = math.max(redis.call('PTTL', chord .. '.s'), redis.call('PTTL', chord .. '.j'))
redis.call('SET', chord .. '.a', added .. line)
redis.call('SET', chord .. '.t', string.format('%d', (tonumber(redis.call('GET', chord .. '.t') or 0) or 0) + 1))
-- What Python opened names no members.
local members = redis.call('HGET', chord .. '.o', 'members')
if members then redis.call('HSET', chord .. '.o', 'members', string.sub(members, 1, -2) .. ',' .. ARGV[2] .. ']') end
if ttl_ms > 0 then keep_chord(chord, ttl_ms) end
return 1
