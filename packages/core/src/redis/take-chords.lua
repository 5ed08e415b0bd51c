-- Takes ids of chords that nobody has looked at for a while: who looks next begins behind them.
-- KEYS  zset of open chords, id → when it was looked at or is due, epoch ms
-- ARGV  epoch ms before which that was, now, limit
-- Gives the ids.
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, id in ipairs(ids) do redis.call('ZADD', KEYS[1], ARGV[2], id) end
return ids
