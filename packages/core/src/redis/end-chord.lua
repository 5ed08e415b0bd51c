-- is_closed(chord), and end_chord(chord), which closes a chord: what was counted goes, and whatever is counted of it later changes nothing.
-- Gives false when it was closed before.
local function is_closed(chord)
  return redis.call('GET', chord .. '.c') == ''
end

local function end_chord(chord)
  if is_closed(chord) then return false end
  redis.call('UNLINK', chord .. '.j', chord .. '.s', chord .. '.t', chord .. '.a', chord .. '.o')
  -- A member may be delivered again for a day after.
  redis.call('SET', chord .. '.c', '', 'PX', 86400000)
  return true
end
