-- Acknowledges claims that nothing follows, the common case. Claims marked as begun go through settle.lua.
-- KEYS  claim hash
-- ARGV  n, ...
-- Gives {i, 0, ...} for those that were not there any more, counted from 1: lost.
local unsettled = {}
for i = 1, #ARGV do
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 0 then
    unsettled[#unsettled + 1] = i
    unsettled[#unsettled + 1] = 0
  end
end
return unsettled
