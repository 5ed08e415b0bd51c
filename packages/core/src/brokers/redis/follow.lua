-- follow[name](op): what follows from a settlement, and what ends a chord. Operations are read from ARGV, one after another: a name and arguments.
--   result  key text attempt ttl_ms          as keep-result.lua
--   bind    key member                       kombu's binding of a queue that gets a message
--   push    list raw                         publish
--   tell    channel raw                      publish to a fanout exchange
--   once    guard_key ttl_ms list raw        publish unless the guard is there
--   park    guard_key ttl_ms delay_key messages index tag due_ms raw suffix
--                                            publish later; ttl_ms '' = unguarded, index '' = none (park.lua)
-- Keys among them are without PREFIX. ARGV begins with the database of the results ('' = this one) and this database.
local results_db, own_db = ARGV[1], ARGV[2]
local at = 3
local function take()
  at = at + 1
  return ARGV[at - 1]
end

-- Calls a function where the results are; gives what it gives.
local function beside_results(call, ...)
  if results_db == '' then return call(...) end
  redis.call('SELECT', results_db)
  local done, outcome = pcall(call, ...)
  redis.call('SELECT', own_db)
  if not done then error(outcome, 0) end
  return outcome
end

-- Three arguments from `at` on, as park.lua wants its keys.
local function parking(op, at)
  local index = op[at + 2]
  return { PREFIX .. op[at], PREFIX .. op[at + 1], index ~= '' and PREFIX .. index or nil }
end

local follow = {
  result = function(op) beside_results(keep_result, PREFIX .. op[1], op[2], tonumber(op[3]), tonumber(op[4])) end,
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
local arity = { result = 4, bind = 2, push = 2, tell = 2, once = 4, park = 9 }

local function take_operations(count)
  local operations = {}
  for position = 1, count do
    local op = { name = take() }
    for j = 1, arity[op.name] do op[j] = take() end
    operations[position] = op
  end
  return operations
end
