-- Acknowledges claims that nothing follows, the common case. Claims marked as begun go through settle.lua.
-- KEYS  claim hash
-- ARGV  n, ...
-- Gives the positions (from 1) of those that were not there any more: lost.
local lost = {}
for i = 1, #ARGV do
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 0 then lost[#lost + 1] = i end
end
return lost
