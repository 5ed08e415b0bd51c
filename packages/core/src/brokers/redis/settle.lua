-- Settles claims with all that follows from each; a claim that is not there any more is lost and nothing of it is written.
-- What follows comes first and the claim is removed last, so that whatever fails half way leaves the claim.
-- KEYS  claim hashes, which the claims name by position
-- ARGV  database of the results ('' = this one), this database, then per claim:
--         n, position of its claim hash, number of operations, operations:
--           result  key text attempt ttl_ms          as keep-result.lua
--           bind    key member                       kombu's binding of a queue that gets a message
--           push    list raw                         publish
--           tell    channel raw                      publish to a fanout exchange
--           once    guard_key ttl_ms list raw        publish unless the guard is there
--           park    guard_key ttl_ms delay_key messages index tag due_ms raw suffix
--                                                    publish later; ttl_ms '' = unguarded, index '' = none (park.lua)
--         and one of
--           ack
--           head    list raw                         back to the head; raw '' = as it was claimed
--           delay   delay_key messages index tag after_ms raw suffix
-- Keys among ARGV are without PREFIX.
-- Gives {i, outcome, ...} for those that were not settled, counted from 1: 0 = lost, or the error's text: then the claim stands.
local results_db, own_db = ARGV[1], ARGV[2]
local at = 3
local function take()
  at = at + 1
  return ARGV[at - 1]
end

local function store(key, text, attempt, ttl_ms)
  if results_db == '' then return keep_result(key, text, attempt, ttl_ms) end
  redis.call('SELECT', results_db)
  local done, failure = pcall(keep_result, key, text, attempt, ttl_ms)
  redis.call('SELECT', own_db)
  if not done then error(failure, 0) end
end

-- Three arguments from `at` on, as park.lua wants its keys.
local function parking(op, at)
  local index = op[at + 2]
  return { PREFIX .. op[at], PREFIX .. op[at + 1], index ~= '' and PREFIX .. index or nil }
end

local follow = {
  result = function(op) store(PREFIX .. op[1], op[2], tonumber(op[3]), tonumber(op[4])) end,
  bind = function(op) redis.call('SADD', PREFIX .. op[1], op[2]) end,
  push = function(op) redis.call('LPUSH', PREFIX .. op[1], op[2]) end,
  tell = function(op) redis.call('PUBLISH', PREFIX .. op[1], op[2]) end,
  once = function(op)
    once(PREFIX .. op[1], op[2], function() redis.call('LPUSH', PREFIX .. op[3], op[4]) end)
  end,
  park = function(op)
    once(PREFIX .. op[1], op[2], function() park(parking(op, 3), op[6], tonumber(op[7]), op[8], op[9]) end)
  end,
}
local arity = { result = 4, bind = 2, push = 2, tell = 2, once = 4, park = 9, ack = 0, head = 2, delay = 7 }

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
  for i = 1, #operations - 1 do follow[operations[i].name](operations[i]) end
  local last = operations[#operations]
  finish[last.name](claims, n, last)
  redis.call('HDEL', claims, n, 'b:' .. n)
  return 1
end

local unsettled, i = {}, 0
while at <= #ARGV do
  i = i + 1
  local n, claims, count = take(), KEYS[tonumber(take())], tonumber(take())
  local operations = {}
  for position = 1, count do
    local op = { name = take() }
    for j = 1, arity[op.name] do op[j] = take() end
    operations[position] = op
  end
  local done, outcome = pcall(settle, claims, n, operations)
  if not done then outcome = type(outcome) == 'table' and outcome.err or tostring(outcome) end
  if outcome ~= 1 then
    unsettled[#unsettled + 1] = i
    unsettled[#unsettled + 1] = outcome
  end
end
return unsettled
