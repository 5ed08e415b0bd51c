-- Moves claims of a fenced incarnation back to the head of their list, or among the dead letters. Whoever removes a claim has it:
-- one that the incarnation settled in the meantime is skipped.
-- KEYS  claim hash, list, list of dead letters
-- ARGV  per claim, newest first: n, 'list' or 'dead', raw
-- Gives how many were moved.
local moved = 0
for i = 1, #ARGV, 3 do
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then
    if ARGV[i + 1] == 'dead' then
      redis.call('LPUSH', KEYS[3], ARGV[i + 2])
    else
      redis.call('RPUSH', KEYS[2], ARGV[i + 2])
    end
    moved = moved + 1
  end
  redis.call('HDEL', KEYS[1], 'b:' .. ARGV[i])
end
return moved
