-- Makes an incarnation known and lets it claim. Repeated after every reconnect: whatever a failover lost is there again.
-- KEYS  pulses, dead, lists of the incarnation, its claim hashes ...
-- ARGV  incarnation, number of its session, lists ... (in the order of their claim hashes)
-- Gives 1, or 0 when it was declared dead: then it never may claim again. Tombstone and sentinels are looked at in one step,
-- else a late sentinel would let a buried incarnation claim what nobody would ever recover.
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return 0 end
-- A write that is allowed on a full server makes the following ones so: a worker must be able to start there and drain it.
redis.call('HDEL', KEYS[1], '')
redis.call('HSETNX', KEYS[1], ARGV[1], 0)
redis.call('SADD', KEYS[3], unpack(ARGV, 3))
for i = 4, #KEYS do redis.call('HSET', KEYS[i], '@', ARGV[2]) end
return 1
