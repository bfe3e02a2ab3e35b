import { defineScript } from '../../redis/script.ts';

/**
 * Stores results and tells whoever waits. KEYS result keys (also the channels). ARGV expiry in seconds (0: never),
 * then one JSON text for each key. A stored SUCCESS is never overwritten (KeyValueStoreBackend._store_result).
 * Reply: how many were written. The embedded engine has a native twin (server/engine/scripts): change both.
 */
export const STORE = defineScript(
  'store',
  `
local expires, written = tonumber(ARGV[1]), 0
for i, key in ipairs(KEYS) do
  local old, value = redis.call('GET', key), ARGV[i + 1]
  if not (old and string.find(string.sub(old, 1, 64), '"status": ?"SUCCESS"')) then
    if expires > 0 then redis.call('SETEX', key, expires, value) else redis.call('SET', key, value) end
    redis.call('PUBLISH', key, value)
    written = written + 1
  end
end
return written
`,
);
