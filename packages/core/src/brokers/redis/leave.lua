-- Ends the claiming of one list, where its claim hash lies apart from the register (unregister.lua does it for the others).
-- KEYS  claim hash
-- Gives 1, or 0 when it still holds claims.
redis.call('HDEL', KEYS[1], '@')
return 1 - redis.call('EXISTS', KEYS[1])
