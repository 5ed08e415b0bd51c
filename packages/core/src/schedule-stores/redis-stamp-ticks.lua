-- Writes down what is going to be sent, for who leads.
-- KEYS  lead, stamped, beginning of the entries' keys
-- ARGV  token, count of ticks, then task id, name and due time of each, then name and due time of those that are passed over
-- Gives 1, or 0 when another leads.
if not may_write(KEYS[1], ARGV[1]) then return 0 end
local function pass(name, due)
  local key = KEYS[3] .. name
  if redis.call('EXISTS', key) == 1 then redis.call('HSET', key, 'due', due) end
end
local last = 2 + 3 * tonumber(ARGV[2])
for at = last + 1, #ARGV, 2 do pass(ARGV[at], ARGV[at + 1]) end
for at = 3, last, 3 do
  pass(ARGV[at + 1], ARGV[at + 2])
  redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 2] .. ' ' .. ARGV[at + 1])
end
return 1
