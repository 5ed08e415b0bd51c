-- Counts parts of one chord (count-part.lua).
-- KEYS  the chord
-- ARGV  ttl_ms, then per part: score, task id, entry
-- Gives 1 = all are in, 0 = others are awaited, -1 = the chord is closed.
local outcome = -1
for at = 2, #ARGV, 3 do
  outcome = count_part(KEYS[1], ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[1]))
end
return outcome
