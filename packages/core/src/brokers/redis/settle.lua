-- Settles claims with all that follows from each; a claim that is not there any more is lost and nothing of it is written.
-- What follows comes first and the claim is removed last, so that whatever fails half way leaves the claim.
-- KEYS  claim hashes, which the claims name by position
-- ARGV  the two databases (follow.lua), then per claim:
--         n, position of its claim hash, number of operations, operations:
--           those of follow.lua, and
--           part    chord score task_id entry ttl_ms  counts for a chord (count-part.lua), beside the results
--         and one of
--           ack
--           head    list raw                         back to the head; raw '' = as it was claimed
--           delay   delay_key messages index tag after_ms raw suffix
-- Where a part makes its chord complete nothing more is done: the claim stands, and is settled again when the chord is closed.
-- Gives {i, outcome, ...} for those that were not settled, counted from 1: 0 = lost, 2 = its chord is complete, or the error's text: then
-- the claim stands.
follow.part = function(op)
  return beside_results(count_part, PREFIX .. op[1], op[2], op[3], op[4], tonumber(op[5])) == 1
end
arity.part, arity.ack, arity.head, arity.delay = 5, 0, 2, 7

-- What goes back frees the memory that it takes: a write that is allowed on a full server makes the following ones so.
local function returning(claims, n, raw)
  redis.call('HDEL', claims, '')
  if raw == '' then return redis.call('HGET', claims, n) end
  return raw
end

local finish = {
  ack = function() end,
  head = function(claims, n, op) redis.call('RPUSH', PREFIX .. op[1], returning(claims, n, op[2])) end,
  delay = function(claims, n, op)
    park(parking(op, 1), op[4], now_ms() + tonumber(op[5]), returning(claims, n, op[6]), op[7])
  end,
}

local function settle(claims, n, operations)
  if redis.call('HEXISTS', claims, n) == 0 then return 0 end
  for i = 1, #operations - 1 do
    if follow[operations[i].name](operations[i]) then return 2 end
  end
  local last = operations[#operations]
  finish[last.name](claims, n, last)
  redis.call('HDEL', claims, n, 'b:' .. n)
  return 1
end

local unsettled, i = {}, 0
while at <= #ARGV do
  i = i + 1
  local n, claims, count = take(), KEYS[tonumber(take())], tonumber(take())
  local done, outcome = pcall(settle, claims, n, take_operations(count))
  if not done then outcome = type(outcome) == 'table' and outcome.err or tostring(outcome) end
  if outcome ~= 1 then
    unsettled[#unsettled + 1] = i
    unsettled[#unsettled + 1] = outcome
  end
end
return unsettled
