-- Ends a chord and closes it, unless it is closed. The close comes last: what fails half way may be repeated.
-- KEYS  zset of open chords, beside the results
-- ARGV  the two databases (follow.lua), the chord's id, its key, number of operations, operations of follow.lua
-- Gives 1 when it was closed, 0 when it had been before.
local id, chord = take(), PREFIX .. take()
local operations = take_operations(tonumber(take()))
if beside_results(is_closed, chord) then return 0 end
for _, op in ipairs(operations) do follow[op.name](op) end
beside_results(redis.call, 'ZREM', KEYS[1], id)
beside_results(end_chord, chord)
return 1
