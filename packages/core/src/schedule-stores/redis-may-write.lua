-- may_write(lead_key, token): false where another has the lead that the token was given for; token '0' is nobody's and always may.
local function may_write(lead_key, token)
  if token == '0' then return true end
  local held = redis.call('GET', lead_key)
  return held and string.match(held, '^%d+') == token
end
