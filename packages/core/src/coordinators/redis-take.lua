-- Takes tokens of a bucket, all or none, as core/src/token-bucket.ts does.
-- KEYS  bucket
-- ARGV  n, limit, per_ms
-- Gives 0 when they are taken, else after how many ms they may be there.
local n, limit, per = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local left = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local held = limit
if left[1] then held = math.min(limit, tonumber(left[1]) + math.max(0, now - tonumber(left[2])) * limit / per) end
if n - held > 1e-9 then return math.ceil((n - held) * per / limit) end
local tokens = math.max(0, held - n)
redis.call('HSET', KEYS[1], 'tokens', string.format('%.17g', tokens), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil((limit - tokens) * per / limit)))
return 0
