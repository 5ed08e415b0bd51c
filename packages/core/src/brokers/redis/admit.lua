-- Lets an incarnation claim of one list, where its claim hash lies apart from the register (register.lua does it for the others).
-- KEYS  claim hash
-- ARGV  number of its session
-- A write that is allowed on a full server makes the following one so: a worker must be able to start there and drain it.
redis.call('HDEL', KEYS[1], '')
redis.call('HSET', KEYS[1], '@', ARGV[1])
return 1
