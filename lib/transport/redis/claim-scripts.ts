import { defineScript } from '../../redis/script.ts';

/* What becomes of the message that a wait has moved into its list (`claim.ts`). The engine has a native twin of each. */

/**
 * Books the message that a wait has moved into its list. KEYS unacked, unacked_index, the list, claims.
 * ARGV  tag, name of the queue as JSON text; for a list whose owner is gone also its name in `claims` and the score
 *       that was read there: then only if the owner has not renewed it since. The list is forgotten, and the booking is
 *       as old as that score. After it a score and a name under which the list is to be looked at again.
 * Reply: how many were booked; 0 when it is booked already, or was taken away.
 */
export const BOOK = defineScript(
  'book',
  `
local score = ARGV[4]
if score then
  if redis.call('ZSCORE', KEYS[4], ARGV[3]) ~= score then return 0 end
  redis.call('ZREM', KEYS[4], ARGV[3])
  if ARGV[5] then redis.call('ZADD', KEYS[4], ARGV[5], ARGV[6]) end
end
local message = redis.call('RPOP', KEYS[3])
if not message then return 0 end
if not score then
  local time = redis.call('TIME')
  score = time[1] .. '.' .. string.format('%06d', time[2])
end
redis.call('HSET', KEYS[1], ARGV[1], '[' .. message .. ', "", ' .. ARGV[2] .. ']')
redis.call('ZADD', KEYS[2], score, ARGV[1])
return 1
`,
);

/**
 * Puts the message that a wait has moved into its list back to the front of its queue. KEYS the list, the queue's list.
 * Taken first and put back then, as with a full server: `LMOVE` would be refused there, and the worker could not go on
 * to make room. Reply: how many went back.
 */
export const GIVE_BACK = defineScript(
  'give-back',
  `
redis.call('LLEN', KEYS[2])
local message = redis.call('RPOP', KEYS[1])
if not message then return 0 end
redis.call('RPUSH', KEYS[2], message)
return 1
`,
);
