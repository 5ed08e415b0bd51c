-- Moves claims of a fenced incarnation back to the head of their list, or among the dead letters. Whoever removes a claim has it:
-- one that the incarnation settled in the meantime is skipped.
-- KEYS  claim hash, list and, unless none of the claims goes there, list of dead letters
-- ARGV  per claim, newest first: n, 'list', 'dead' or 'gone' (it was put among the dead letters before), raw
-- Gives how many were moved.
-- What goes back frees the memory that it takes: a write that is allowed on a full server makes the following ones so.
redis.call('HDEL', KEYS[1], '')
local moved = 0
for i = 1, #ARGV, 3 do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then
    if ARGV[i + 1] == 'dead' then
      redis.call('LPUSH', KEYS[3], ARGV[i + 2])
    elseif ARGV[i + 1] == 'list' then
      redis.call('RPUSH', KEYS[2], ARGV[i + 2])
    end
    moved = moved + 1
  end
  -- Last, so that a push that failed leaves the claim.
  redis.call('HDEL', KEYS[1], ARGV[i], 'b:' .. ARGV[i])
end
return moved
