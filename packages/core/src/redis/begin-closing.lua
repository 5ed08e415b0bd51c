-- Takes it upon one to publish for a chord.
-- KEYS  the chord
-- ARGV  who, for_ms
-- Gives 1 = begun, 0 = somebody else has, -1 = it is closed.
local mark = KEYS[1] .. '.c'
local by = redis.call('GET', mark)
if by == '' then return -1 end
if by and by ~= ARGV[1] then return 0 end
redis.call('SET', mark, ARGV[1], 'PX', ARGV[2])
return 1
