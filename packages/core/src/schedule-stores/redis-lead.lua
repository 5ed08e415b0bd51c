-- Takes the lead over the schedules of an app, or prolongs it for its holder. Who begins to lead reads all of them, and needs not be told what is gone.
-- KEYS  lead, token counter, revision, removed
-- ARGV  holder, ttl_ms
-- Gives the token (0 while another leads), the clock in epoch ms, and the revision.
local token = 0
local held = redis.call('GET', KEYS[1])
if held then
  local number, holder = string.match(held, '^(%d+) (.*)$')
  if holder == ARGV[1] then
    token = tonumber(number)
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
  end
else
  token = redis.call('INCR', KEYS[2])
  redis.call('SET', KEYS[1], token .. ' ' .. ARGV[1], 'PX', ARGV[2])
  redis.call('DEL', KEYS[4])
end
local time = redis.call('TIME')
return { token, time[1] * 1000 + math.floor(time[2] / 1000), tonumber(redis.call('GET', KEYS[3]) or '0') }
