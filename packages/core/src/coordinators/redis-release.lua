-- Frees a lease or a reservation for its holder.
-- KEYS  lease or reservation
-- ARGV  token or owner
-- Gives 1, or 0 when it is not the holder's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
