-- Stores the results of claims and acknowledges them: what most claims come to whose results are kept. All else goes through settle.lua.
-- The claims are removed behind the results, so that a server that runs out of memory half way leaves the claims.
-- KEYS  claim hash
-- ARGV  database of the results ('' = this one), this database, attempt and ttl_ms of all results, then per claim: n, key, text
--         (all but n as keep-result.lua)
-- Gives {i, outcome, ...} for those that were not settled, counted from 1: 0 = lost, and nothing of it was written, or the error's
-- text: then the claim stands.
local claims, results_db, own_db = KEYS[1], ARGV[1], ARGV[2]
local attempt, ttl_ms = tonumber(ARGV[3]), tonumber(ARGV[4])

local is_claimed = {}
for at = 5, #ARGV, 3 do is_claimed[at] = redis.call('HEXISTS', claims, ARGV[at]) == 1 end

local settled, unsettled = {}, {}
local function tell(at, outcome)
  unsettled[#unsettled + 1] = (at - 2) / 3
  unsettled[#unsettled + 1] = outcome
end

if results_db ~= '' then redis.call('SELECT', results_db) end
for at = 5, #ARGV, 3 do
  if not is_claimed[at] then
    tell(at, 0)
  else
    local done, failure = pcall(keep_result, PREFIX .. ARGV[at + 1], ARGV[at + 2], attempt, ttl_ms)
    if done then
      settled[#settled + 1] = ARGV[at]
    else
      tell(at, type(failure) == 'table' and failure.err or tostring(failure))
    end
  end
end
if results_db ~= '' then redis.call('SELECT', own_db) end

if #settled > 0 then redis.call('HDEL', claims, unpack(settled)) end
return unsettled
