-- Stores one result; keep-result.lua says what stays.
-- KEYS  result key
-- ARGV  text, attempt, ttl_ms (0 = for ever)
-- Gives 1 = stored, 0 = superseded.
return keep_result(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
