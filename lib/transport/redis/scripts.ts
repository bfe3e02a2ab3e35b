import { defineScript } from '../../redis/script.ts';

/*
 * The scripts of the Redis transport. They keep kombu's layout (kombu/transport/redis.py): `unacked` maps a delivery
 * tag to `[message, exchange, routing_key]`, `unacked_index` scores the tag by the time it was handed out. What differs
 * is that a message is taken and booked in one step, so that no crash can lose it between the two (`claim.ts` tells how
 * a wait does it in two), and that scores are renewed while a message is held (a lease), so that nothing runs twice
 * because it takes long.
 *
 * Times are the server's own, in seconds, so that a worker with a wrong clock does no harm.
 * The embedded engine has a native twin of each (server/engine/scripts): change both.
 */

/** First characters of each delivery tag that an Umbel worker hands out; its lease is short because it is renewed. */
export const TAG_PREFIX = 'umbel:';

/**
 * Takes up to `count` messages and books them as unacked.
 *
 * KEYS  unacked, unacked_index, parked, then the queue lists, step-major: all queues at priority step 0, then at 3, …
 * ARGV  count, tag prefix, `1` to ask again after a lost reply (hands out what that prefix already holds),
 *       number of queues, time of day for parked entries (ISO text), then each queue's name as JSON text
 * Reply flat array: number of the queue (1-based; 0 when asked again: the payload is then the booked JSON triple),
 *       payload, … ; the n-th message has the tag prefix + n. Entries that are no JSON object are parked at once and
 *       told at the end: minus the number of the queue, the start of the entry, …
 *
 * Under CLIENT TRACKING it is EXISTS that makes the server tell us of the next message in any list that was not popped.
 * Where several lists exist, each is measured before it pops from any: a key of another type fails the call while
 * nothing is taken yet.
 */
export const FETCH = defineScript(
  'fetch',
  `
local call = redis.call
local unacked, index, parked = KEYS[1], KEYS[2], KEYS[3]
local count, prefix, queues = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[4])
local reply = {}
if ARGV[3] == '1' then
  for i = 1, count do
    local held = call('HGET', unacked, prefix .. i)
    if not held then break end
    reply[#reply + 1] = 0
    reply[#reply + 1] = held
  end
  if #reply > 0 then return reply end
end
local existing = 0
for first = 4, #KEYS, 1000 do
  existing = existing + call('EXISTS', unpack(KEYS, first, math.min(first + 999, #KEYS)))
end
if existing == 0 then return reply end
local taken, fields, scores, refused, now = 0, {}, {}, {}, nil
local function take(i, share)
  local q = (i - 4) % queues + 1
  local popped = call('RPOP', KEYS[i], share)
  if not popped then return 0 end
  if not now then
    local time = call('TIME')
    now = time[1] .. '.' .. string.format('%06d', time[2])
  end
  for p = 1, #popped do
    local message = popped[p]
    if string.byte(message) == 123 then
      taken = taken + 1
      local tag = prefix .. taken
      fields[#fields + 1] = tag
      fields[#fields + 1] = '[' .. message .. ', "", ' .. ARGV[5 + q] .. ']'
      scores[#scores + 1] = now
      scores[#scores + 1] = tag
      reply[#reply + 1] = q
      reply[#reply + 1] = message
    else
      call('LPUSH', parked, cjson.encode({
        queue = cjson.decode(ARGV[5 + q]), reason = 'not a JSON object', at = ARGV[5], message = message,
      }))
      call('LTRIM', parked, 0, 999)
      refused[#refused + 1] = -q
      refused[#refused + 1] = string.sub(message, 1, 60)
    end
  end
  return #popped
end
if existing > 1 or take(4, count) == 0 then
  local lengths, last = {}, 3
  while existing > 0 do
    last = last + 1
    lengths[last] = call('LLEN', KEYS[last])
    if lengths[last] > 0 then existing = existing - 1 end
  end
  for step = 0, (last - 4) / queues do
    for pass = 1, 2 do
      for q = 1, queues do
        local i = 3 + step * queues + q
        local length, share = lengths[i] or 0, count - taken
        if pass == 1 then share = math.ceil(share / (queues - q + 1)) end
        if length > 0 and share > 0 then lengths[i] = length - take(i, share) end
      end
    end
  end
end
for first = 1, #fields, 1000 do
  local last = math.min(first + 999, #fields)
  call('HSET', unacked, unpack(fields, first, last))
  call('ZADD', index, unpack(scores, first, last))
end
for _, item in ipairs(refused) do reply[#reply + 1] = item end
return reply
`,
);

/**
 * Forgets acknowledged messages. KEYS unacked, unacked_index. ARGV tags (at most 1000).
 * Reply: how many were still ours.
 */
export const ACK = defineScript(
  'ack',
  `
redis.call('ZREM', KEYS[2], unpack(ARGV))
return redis.call('HDEL', KEYS[1], unpack(ARGV))
`,
);

/**
 * Puts messages back. KEYS unacked, unacked_index.
 * ARGV  four for each: tag, list key, `R` (front: runs next) or `L` (back of the queue), envelope.
 *       A score may stand in front of the side (`R1795229811.693103`): then only if the index still has that score,
 *       that is, if the holder has not renewed since it was read.
 * Reply: how many went back.
 */
export const RESTORE = defineScript(
  'restore',
  `
local restored = 0
for i = 1, #ARGV, 4 do
  local tag, side, score = ARGV[i], string.sub(ARGV[i + 2], 1, 1), string.sub(ARGV[i + 2], 2)
  if score == '' or redis.call('ZSCORE', KEYS[2], tag) == score then
    redis.call('ZREM', KEYS[2], tag)
    if redis.call('HDEL', KEYS[1], tag) == 1 then
      redis.call(side .. 'PUSH', ARGV[i + 1], ARGV[i + 3])
      restored = restored + 1
    end
  end
end
return restored
`,
);

/**
 * Sets messages aside with a reason, newest first, at most 1000. KEYS unacked, unacked_index, parked.
 * ARGV two for each: tag, entry (JSON object: queue, reason, at, message). Reply: how many.
 */
export const PARK = defineScript(
  'park',
  `
for i = 1, #ARGV, 2 do
  redis.call('ZREM', KEYS[2], ARGV[i])
  redis.call('HDEL', KEYS[1], ARGV[i])
  redis.call('LPUSH', KEYS[3], ARGV[i + 1])
end
redis.call('LTRIM', KEYS[3], 0, 999)
return #ARGV / 2
`,
);

/**
 * Renews the lease of held messages, or of the lists of waits. KEYS unacked_index or claims. ARGV their tags or names (at
 * most 1000). Reply: those that are not there any more.
 *
 * It begins by removing what cannot be there: a full server refuses a script whose first change adds something.
 */
export const RENEW = defineScript(
  'renew',
  `
redis.call('ZREM', KEYS[1], '')
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
local gone = {}
for _, tag in ipairs(ARGV) do
  if redis.call('ZSCORE', KEYS[1], tag) then
    redis.call('ZADD', KEYS[1], now, tag)
  else
    gone[#gone + 1] = tag
  end
end
return gone
`,
);

/**
 * Reads messages whose holder is gone, oldest first; takes nothing. KEYS unacked, unacked_index.
 * ARGV  lease in seconds (tags of Umbel workers), visibility timeout in seconds (all others), limit
 * Reply flat array: tag, score, payload (false when only the index knows the tag).
 */
export const EXPIRED = defineScript(
  'expired',
  `
local lease, visibility, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - math.min(lease, visibility), 'WITHSCORES')
local reply = {}
for i = 1, #found, 2 do
  local tag, score = found[i], tonumber(found[i + 1])
  local timeout = visibility
  if string.sub(tag, 1, ${TAG_PREFIX.length}) == '${TAG_PREFIX}' then timeout = lease end
  if score <= now - timeout then
    reply[#reply + 1] = tag
    reply[#reply + 1] = found[i + 1]
    reply[#reply + 1] = redis.call('HGET', KEYS[1], tag)
    if #reply >= limit * 3 then break end
  end
end
return reply
`,
);

/**
 * Counts what is booked by exchange and routing key: all of it, or of many a random part. It reads no more than it is
 * told to, so that it costs the same with a million held messages.
 *
 * KEYS unacked. ARGV  up to how many all are read, how many of more, bytes to read at most
 * Reply flat array: how many are booked, how many were read, then for each pair its JSON text `"exchange", "routing key"`
 *       and how many of those read have it.
 */
export const COUNT_BOOKED = defineScript(
  'count-booked',
  `
local total = redis.call('HLEN', KEYS[1])
local bytes = tonumber(ARGV[3])
local tags
if total <= tonumber(ARGV[1]) then
  tags = redis.call('HKEYS', KEYS[1])
else
  tags = redis.call('HRANDFIELD', KEYS[1], ARGV[2])
end
local read, counts, order = 0, {}, {}
for _, tag in ipairs(tags) do
  bytes = bytes - redis.call('HSTRLEN', KEYS[1], tag)
  if bytes < 0 then break end
  read = read + 1
  local tail = string.sub(redis.call('HGET', KEYS[1], tag), -600)
  local names = string.match(tail, '}%s*,%s*([^,]+,%s*"[^"]*")%s*%]%s*$')
  if names then
    if not counts[names] then
      counts[names] = 0
      order[#order + 1] = names
    end
    counts[names] = counts[names] + 1
  end
end
local reply = {total, read}
for _, names in ipairs(order) do
  reply[#reply + 1] = names
  reply[#reply + 1] = counts[names]
end
return reply
`,
);
