import type { StringEntry } from '../keyspace/entry.ts';
import { expireAt } from '../keyspace/keys.ts';
import { notInteger } from '../resp/reply-error.ts';
import { scriptNumber, scriptText } from './script-values.ts';
import type { NativeScript, ScriptCall } from './table.ts';

/*
 * The scripts of redis-py's Lock (redis/lock.py), with which Celery and kombu guard their sweeps. Their texts are the
 * same since redis-py 3.0 but for indentation; `extend` had no third argument before 3.3.
 */
const CHECK_OWNER = `
local token = redis.call('get', KEYS[1])
if not token or token ~= ARGV[1] then
return 0
end`;

const READ_TTL = `
local expiration = redis.call('pttl', KEYS[1])
if not expiration then
expiration = 0
end
if expiration < 0 then
return 0
end`;

const RELEASE = `${CHECK_OWNER}
redis.call('del', KEYS[1])
return 1`;

const EXTEND = `${CHECK_OWNER}${READ_TTL}
local newttl = ARGV[2]
if ARGV[3] == "0" then
newttl = ARGV[2] + expiration
end
redis.call('pexpire', KEYS[1], newttl)
return 1`;

const EXTEND_BEFORE_3_3 = `${CHECK_OWNER}${READ_TTL}
redis.call('pexpire', KEYS[1], expiration + ARGV[2])
return 1`;

const REACQUIRE = `${CHECK_OWNER}
redis.call('pexpire', KEYS[1], ARGV[2])
return 1`;

/** The lock, if the caller holds it. */
function owned({ database, keyspace, keys, args }: ScriptCall): StringEntry | undefined {
  const key = scriptText(keys, 0);
  keyspace.tracking.read(key);
  const lock = database.string(key);
  return lock?.value.toString('latin1') === args[0] ? lock : undefined;
}

function release(call: ScriptCall): void {
  const lock = owned(call);
  if (lock !== undefined) call.database.remove(scriptText(call.keys, 0));
  call.reply.integer(lock === undefined ? 0 : 1);
}

function extend(isAdded: (call: ScriptCall) => boolean) {
  return (call: ScriptCall): void => {
    const lock = owned(call);
    if (lock === undefined || lock.expiresAt === 0) {
      call.reply.integer(0);
      return;
    }
    const left = isAdded(call) ? Math.max(0, lock.expiresAt - Date.now()) : 0;
    setTimeToLive(call, lock, left + scriptNumber(call.args[1]));
  };
}

function reacquire(call: ScriptCall): void {
  const lock = owned(call);
  if (lock === undefined) call.reply.integer(0);
  else setTimeToLive(call, lock, scriptNumber(call.args[1]));
}

function setTimeToLive({ database, keys, reply }: ScriptCall, lock: StringEntry, ms: number): void {
  if (!Number.isSafeInteger(ms)) throw notInteger();
  expireAt(database, scriptText(keys, 0), lock, Date.now() + ms);
  reply.integer(1);
}

export const NATIVE_LOCK: readonly NativeScript[] = [
  { lua: RELEASE, run: release },
  { lua: EXTEND, run: extend(({ args }) => args[2] === '0') },
  { lua: EXTEND_BEFORE_3_3, run: extend(() => true) },
  { lua: REACQUIRE, run: reacquire },
];
