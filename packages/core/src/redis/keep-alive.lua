-- Notes that a member of an open chord runs.
-- KEYS  the chord
-- ARGV  epoch ms
local opened = KEYS[1] .. '.o'
if redis.call('EXISTS', opened) == 0 then return 0 end
if tonumber(ARGV[1]) > tonumber(redis.call('HGET', opened, 'alive')) then redis.call('HSET', opened, 'alive', ARGV[1]) end
return 1
