-- Takes an incarnation that has handed back everything off the register.
-- KEYS  pulses, sweeper, lists of the incarnation, its claim hashes ...
-- ARGV  incarnation
-- Gives 1, or 0 when it still has claims: then it stays, and is recovered when its pulse stands still.
for i = 4, #KEYS do
  redis.call('HDEL', KEYS[i], '@')
  if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[3])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1
