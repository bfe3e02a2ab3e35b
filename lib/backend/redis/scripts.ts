import { defineScript } from '../../redis/script.ts';

/**
 * Stores results and tells whoever waits. KEYS result keys (also the channels). ARGV expiry in seconds (0: never),
 * then one record for each key. A stored SUCCESS is never overwritten (KeyValueStoreBackend._store_result): it is looked
 * for as JSON, MessagePack and YAML write it, PyYAML's with its sorted keys included. Only the status itself counts, the
 * first of the keys elsewhere: a result may have one of its own.
 * Reply: how many were written. The embedded engine has a native twin (server/engine/scripts): change both.
 */
export const STORE = defineScript(
  'store',
  `
local function succeeded(record)
  return string.find(record, '^{"status": ?"SUCCESS"')
    or string.find(record, '^[\\128-\\143]\\166status\\167SUCCESS')
    or string.find(record, '^\\222..\\166status\\167SUCCESS')
    or (string.find(record, '^%a') and string.find(record, '\\nstatus: SUCCESS\\n', 1, true))
end
local expires, written = tonumber(ARGV[1]), 0
for i, key in ipairs(KEYS) do
  local old, value = redis.call('GET', key), ARGV[i + 1]
  if not (old and succeeded(old)) then
    if expires > 0 then redis.call('SETEX', key, expires, value) else redis.call('SET', key, value) end
    redis.call('PUBLISH', key, value)
    written = written + 1
  end
end
return written
`,
);

/**
 * Adds a task to a chord, once also when it is asked twice. KEYS the count of tasks added (Celery's), the set of what has
 * been counted (ours). ARGV expiry of each in seconds (0: never), what tells this task from others. Reply: 1 when it is counted now.
 * The embedded engine has a native twin (server/engine/scripts): change both.
 */
export const ADD_TO_CHORD = defineScript(
  'add-to-chord',
  `
local isNew = redis.call('SADD', KEYS[2], ARGV[3])
if isNew == 1 then redis.call('INCR', KEYS[1]) end
for i, key in ipairs(KEYS) do
  if tonumber(ARGV[i]) > 0 then redis.call('EXPIRE', key, ARGV[i]) end
end
return isNew
`,
);
