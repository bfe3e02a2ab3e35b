/*
 * What the engine and redis-server are asked to answer alike. A line is `<connection> <command>`; the connection may
 * carry `!` (do not wait for the reply), and the command may be `<` (read the reply that is due), `--` (nothing may
 * come within 60 ms) or `wait <ms>`. Flags before the connection: `u` the order of elements does not matter,
 * `n` numbers do not matter, `t` a time that may differ by a little.
 */
export const SECTIONS: Readonly<Record<string, string>> = {
  connection: String.raw`
a PING
a PING hello
a PING a b
a ECHO "binary \x00\xff\r\n text"
a ECHO
a ECHO a b
a NOSUCH
a nosuch one "two three" four
a NOSUCH aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccc
a SELECT 3
a SET only-in-3 x
a SELECT 0
a EXISTS only-in-3
a SELECT 16
a SELECT -1
a SELECT x
a SELECT
a AUTH secret
a AUTH default secret
a AUTH nobody secret
a AUTH a b c
a CLIENT SETNAME worker-1
a CLIENT GETNAME
a CLIENT SETNAME "two words"
a CLIENT SETNAME ""
a CLIENT GETNAME
n a CLIENT ID
a CLIENT NOSUCH
a CLIENT MAINT_NOTIFICATIONS on
a CLIENT
a CLIENT SETNAME
a CLIENT NO-EVICT on
a CLIENT NO-EVICT maybe
a CLIENT KILL ID 0
a CLIENT KILL ID 999999
a CLIENT KILL 1.2.3.4:5
a CLIENT KILL ID
a CLIENT UNBLOCK 999999
a CLIENT UNBLOCK x
a CLIENT GETREDIR
a CLIENT TRACKINGINFO
a HELLO 4
a HELLO x
a HELLO 2 NOPE
a HELLO 2 AUTH default
a HELLO 2 SETNAME "a b"
a CONFIG GET databases
a CONFIG GET nosuch-setting
a CONFIG NOPE
a SCRIPT NOPE
a OBJECT NOPE x
a PUBSUB NOPE
a MEMORY NOPE
a RESET
a PING
b QUIT
b <
`,
  strings: String.raw`
a SET k v
a GET k
a GET missing
a GET
a GET a b
a SET k
a SET k v NX
a SET k v XX
a SET k2 v NX
a SET k3 v XX
a SET k v NX XX
a SET k v EX
a SET k v EX 0
a SET k v EX -1
a SET k v EX abc
a SET k v EX 10 PX 10
a SET k v EX 10 KEEPTTL
a SET k v KEEPTTL EX 10
a SET k v NOPE
a SET k v EX 9223372036854775807
a SET k v PX 100000 NX
a SET k v2 GET
a SET k4 v GET
a SET k4 w NX GET
a SET k5 w NX GET
a SET k v EX 100
t a TTL k
a SET k w KEEPTTL
t a TTL k
t a PTTL k
a SET k z
a TTL k
a SET k z EXAT 9999999999
a EXPIRETIME k
a SET k z PXAT 9999999999123
a PEXPIRETIME k
a SET gone x EXAT 1
a EXISTS gone
a SETEX s 100 v
t a TTL s
a SETEX s 0 v
a SETEX s -5 v
a SETEX s x v
a SETEX s 10
a PSETEX s 100000 v
t a PTTL s
a PSETEX s 0 v
a SETNX s v
a SETNX s-new v
a GETSET s new
a GETSET nothing-there new
a GETDEL s
a GETDEL s
a GETEX k
a GETEX k EX 100
t a TTL k
a GETEX k PERSIST
a TTL k
a GETEX k PERSIST x
a GETEX k EX
a MSET m1 1 m2 2
a MGET m1 missing m2
a MSET m1
a MSET m1 1 m2
a MSETNX m1 9 m9 9
a MSETNX m8 8 m9 9
a INCR n
a INCR n
a INCRBY n 40
a DECR n
a DECRBY n 2
a GET n
a INCR k
a INCRBY n x
a INCRBY n 1.5
a INCRBY n " 1"
a INCRBY n +1
a INCRBY n 01
a SET big 9223372036854775806
a INCR big
a INCR big
a DECRBY n -9223372036854775808
a DECRBY n 9223372036854775807
a DECRBY n 100
a SET big -9223372036854775808
a DECR big
a INCRBYFLOAT f 1.5
a INCRBYFLOAT f 0.1
a INCRBYFLOAT f -0.6
a INCRBYFLOAT f 1e3
a INCRBYFLOAT f x
a INCRBYFLOAT k 1
a INCRBYFLOAT f inf
a SET f2 3.0
a INCRBYFLOAT f2 200
a APPEND ap hello
a APPEND ap " world"
a GET ap
a STRLEN ap
a STRLEN missing
a SETRANGE ap 6 WORLD
a GET ap
a SETRANGE pad 3 x
a GET pad
a SETRANGE pad -1 x
a SETRANGE none 0 ""
a GETRANGE ap 0 4
a GETRANGE ap -5 -1
a GETRANGE ap 5 2
a GETRANGE ap 0 100
a GETRANGE missing 0 1
a RPUSH alist x
a GET alist
a INCR alist
a APPEND alist x
a STRLEN alist
a GETSET alist x
a SET alist now-a-string
a GET alist
a RPUSH alist2 x
a SET alist2 y GET
a TYPE alist2
`,
  keys: String.raw`
a MSET a 1 b 2 c 3
a DEL a missing b
a DEL
a UNLINK c
a EXISTS a
a MSET a 1 b 2
a EXISTS a b b missing
a TYPE a
a TYPE missing
a RPUSH l x
a SADD s x
a HSET h f v
a ZADD z 1 x
a TYPE l
a TYPE s
a TYPE h
a TYPE z
a DBSIZE
u a KEYS *
u a KEYS [ab]
a KEYS x?
a KEYS [^abhlsz]
a KEYS \\a
a EXPIRE a 100
t a TTL a
a EXPIRE missing 100
a EXPIRE a x
a EXPIRE a 100 NX
a EXPIRE a 200 GT
t a TTL a
a EXPIRE a 100 GT
a EXPIRE a 50 LT
t a TTL a
a EXPIRE b 50 GT
a EXPIRE b 50 XX
a EXPIRE b 50 LT
a EXPIRE b 50 NX XX
a EXPIRE b 50 GT LT
a EXPIRE b 50 WHAT
a EXPIRE b 9223372036854775807
a PERSIST a
a PERSIST a
a PERSIST missing
a TTL a
a TTL missing
a PTTL missing
a PEXPIRE a 100000
t a PTTL a
a EXPIREAT a 9999999999
a EXPIRETIME a
a PEXPIREAT a 9999999999999
a PEXPIRETIME a
a EXPIRE a 0
a EXISTS a
a EXPIRE b -1
a EXISTS b
a SET short v PX 30
a wait 60
a GET short
a TTL short
a SET r1 v
a EXPIRE r1 100
a RENAME r1 r2
t a TTL r2
a GET r2
a RENAME r1 r3
a RENAME r2 r2
a SET r4 w
a RENAMENX r2 r4
a RENAMENX r2 r5
a RENAME r5 r4
a GET r4
a TTL missing
a RENAME missing missing
a FLUSHDB
a RANDOMKEY
a SET only v
a RANDOMKEY
a SCAN 0
a SCAN x
a SCAN 0 COUNT
a SCAN 0 COUNT 0
a SCAN 0 COUNT x
a SCAN 0 MATCH nothing*
a SCAN 0 MATCH on* TYPE string
a SCAN 0 TYPE list
a SCAN 0 NOPE 1
a FLUSHDB NOPE
a FLUSHDB ASYNC
a DBSIZE
a SELECT 2
a SET two v
a SELECT 0
a FLUSHALL
a SELECT 2
a DBSIZE
a TOUCH x
a OBJECT ENCODING missing
a SET i 12
a OBJECT ENCODING i
a SET i abc
a OBJECT ENCODING i
a MEMORY USAGE missing
`,
  lists: String.raw`
a LPUSH l a b c
a RPUSH l d
a LRANGE l 0 -1
a LRANGE l 1 2
a LRANGE l -2 -1
a LRANGE l 5 9
a LRANGE l -100 0
a LRANGE l 2 1
a LRANGE l x 1
a LRANGE missing 0 -1
a LLEN l
a LLEN missing
a LPUSHX missing x
a RPUSHX missing x
a LPUSHX l x
a RPUSHX l y z
a LPOP l
a RPOP l
a LPOP l 2
a RPOP l 0
a RPOP l 100
a LPOP l
a LPOP l 2
a RPOP missing 0
a RPUSH l a b c d e
a RPOP l -1
a RPOP l x
a LPOP l 1 2
a LINDEX l 0
a LINDEX l -1
a LINDEX l 9
a LINDEX missing 0
a LINDEX l x
a LSET l 1 B
a LSET l -1 E
a LSET l 9 x
a LSET missing 0 x
a LSET l x x
a LRANGE l 0 -1
a RPUSH r a x b x c x
a LREM r 2 x
a LRANGE r 0 -1
a LREM r -1 x
a LREM r 0 nothing
a LREM missing 0 x
a LREM r 0 x
a RPUSH r2 x x x
a LREM r2 0 x
a EXISTS r2
a LTRIM l 1 2
a LRANGE l 0 -1
a LTRIM l 5 9
a EXISTS l
a LTRIM missing 0 1
a LTRIM l x 1
a RPUSH l a c
a LINSERT l BEFORE c b
a LINSERT l AFTER c d
a LINSERT l BEFORE nothing x
a LINSERT missing BEFORE a x
a LINSERT l BESIDE a x
a LRANGE l 0 -1
a LPOS l c
a LPOS l nothing
a RPUSH p a b a b a
a LPOS p a RANK 2
a LPOS p a RANK -1
a LPOS p a COUNT 0
a LPOS p a COUNT 2 MAXLEN 2
a LPOS p a RANK 0
a LPOS p a COUNT -1
a LPOS p a MAXLEN -1
a LMOVE l m LEFT RIGHT
a LMOVE l m RIGHT LEFT
a LRANGE m 0 -1
a LMOVE missing m LEFT LEFT
a LMOVE l m UP LEFT
a RPOPLPUSH l m
a RPOPLPUSH missing m
a LMOVE m m LEFT RIGHT
a LRANGE m 0 -1
a SET str v
a LPUSH str x
a LPOP str
a LRANGE str 0 -1
a LMOVE m str LEFT LEFT
a LLEN m
a LMPOP 2 missing m LEFT
a LMPOP 1 m RIGHT COUNT 10
a LMPOP 1 m RIGHT
a LMPOP 0 m LEFT
a LMPOP x m LEFT
a LMPOP 1 m LEFT COUNT 0
a LMPOP 1 m LEFT NOPE 1
a LMPOP 2 m LEFT
a LMPOP 1 str LEFT
a LPUSH
a LPUSH l
`,
  blocking: String.raw`
a BLPOP l 0.05
a BRPOP l l2 0.05
a BLMOVE l m LEFT RIGHT 0.05
a BRPOPLPUSH l m 0.05
a BLMPOP 0.05 2 l m LEFT
a BLPOP l x
a BLPOP l -1
a BLPOP l
a BLMOVE l m LEFT UP 0
a BLMPOP 0 0 l LEFT
a RPUSH l a b c
a BLPOP nothing l 0
a BRPOP l 0
a BLMOVE l m LEFT RIGHT 0
a BRPOPLPUSH m n 1
a RPUSH k1 x y z
a BLMPOP 0 2 k0 k1 RIGHT COUNT 2
a SET str v
a BLPOP str 0
a BLPOP nothing str 0
b! BLPOP q 0
c! BLPOP q 0
a wait 20
a RPUSH q one two three
b <
c <
a LRANGE q 0 -1
a DEL q
b! BLPOP q1 q2 0
a wait 20
a RPUSH q2 x
b <
b! BRPOP q 0
c! BRPOP q 0
a wait 20
a LPUSH q 1 2 3
b <
c <
a DEL q
b! BLMOVE q q RIGHT RIGHT 0
c! BLMOVE q q RIGHT RIGHT 0
a wait 20
a LPUSH q x
b <
c <
a LRANGE q 0 -1
a DEL q
b! BLMOVE src dst LEFT RIGHT 0
c! BLPOP dst 0
a wait 20
a RPUSH src v
b <
c <
a EXISTS dst
b! BLMOVE src str LEFT RIGHT 0
a wait 20
a RPUSH src v
b <
a LRANGE src 0 -1
a DEL src
b! BLPOP q 0
a wait 20
a MULTI
a RPUSH q x
a LPOP q
a EXEC
b --
a RPUSH q y
b <
b! BLPOP q 0
a wait 20
a SET q string
b --
a DEL q
a RPUSH other z
a RENAME other q
b <
b! BLPOP q 0
b! PING
a wait 20
b --
a RPUSH q now
b <
b <
a MULTI
a BLPOP q 0
a BLMOVE q m LEFT LEFT 0
a BLMPOP 0 1 q LEFT
a EXEC
b! BLPOP same same 0
a wait 20
a RPUSH same 1
b <
a EXISTS same
b SELECT 1
b! BLPOP q 0
a wait 20
a RPUSH q db0
b --
a SELECT 1
a RPUSH q db1
b <
`,
  hashes: String.raw`
a HSET h a 1 b 2
a HSET h a 9
a HSET h a
a HSET h a 1 b
a HMSET h c 3 d 4
a HMSET h c
a HGET h a
a HGET h missing
a HGET missing a
a HMGET h a missing d
a HMGET missing a
a HGETALL h
a HGETALL missing
a HKEYS h
a HVALS h
a HKEYS missing
a HLEN h
a HLEN missing
a HEXISTS h a
a HEXISTS h missing
a HDEL h a missing b
a HDEL missing a
a HSTRLEN h c
a HINCRBY h n 5
a HINCRBY h n -7
a HINCRBY h n x
a HSET h t text
a HINCRBY h t 1
a HSET h big 9223372036854775807
a HINCRBY h big 1
a HSETNX h c new
a HSETNX h e new
a HSCAN h 0
a HSCAN missing 0
a HSCAN h 0 MATCH c*
a HSCAN h x
a HDEL h c d e n t big
a EXISTS h
a SET str v
a HSET str a 1
a HGETALL str
a HGET str a
a HDEL str a
a HLEN str
`,
  sets: String.raw`
a SADD s a b c
a SADD s a d
a SCARD s
a SCARD missing
u a SMEMBERS s
a SMEMBERS missing
a SISMEMBER s a
a SISMEMBER s missing
a SMISMEMBER s a missing
a SREM s a missing
a SREM missing a
u a SSCAN s 0
a SSCAN s 0 MATCH b
a SSCAN missing 0
a SADD one x
a SPOP one
a SPOP one
a SPOP one 2
a SADD one x
a SPOP one 0
a SPOP one 5
a EXISTS one
a SPOP s -1
a SPOP s x
a SPOP s 1 2
a SADD ints 1 2 3
u a SMEMBERS ints
a SREM s b c d
a EXISTS s
a SET str v
a SADD str x
a SMEMBERS str
a SPOP str
`,
  zsets: String.raw`
a ZADD z 1 a 2 b 3 c
a ZADD z 1 a
a ZADD z 5 a
a ZADD z CH 6 a 4 d
a ZADD z NX 9 a 9 e
a ZADD z XX 7 a 9 nobody
a ZADD z GT 1 a 8 b
a ZADD z LT CH 1 a 9 b
a ZADD z INCR 2 a
a ZADD z NX INCR 2 a
a ZADD z XX INCR 2 nobody
a ZADD z GT INCR -1 a
a ZADD z INCR 0 a
a ZADD z NX XX 1 a
a ZADD z NX GT 1 a
a ZADD z GT LT 1 a
a ZADD z INCR 1 a 2 b
a ZADD z 1
a ZADD z x a
a ZADD z nan a
a ZADD z 1 a 2
a ZADD z inf up -inf down
a ZADD z INCR -inf up
a ZRANGE z 0 -1 WITHSCORES
a ZREM z up down missing
a ZREM missing a
a ZCARD z
a ZCARD missing
a ZSCORE z a
a ZSCORE z missing
a ZSCORE missing a
a ZMSCORE z a missing b
a ZMSCORE missing a
a ZRANGE z 0 -1
a ZRANGE z 1 2 WITHSCORES
a ZRANGE z -2 -1
a ZRANGE z 5 9
a ZRANGE z 0 -1 REV WITHSCORES
a ZRANGE z 0 1 REV
a ZRANGE z 2 4 BYSCORE
a ZRANGE z (3 +inf BYSCORE WITHSCORES
a ZRANGE z +inf (3 BYSCORE REV
a ZRANGE z -inf +inf BYSCORE LIMIT 1 2
a ZRANGE z -inf +inf BYSCORE LIMIT 1 -1
a ZRANGE z -inf +inf BYSCORE LIMIT -1 2
a ZRANGE z 0 -1 LIMIT 0 1
a ZRANGE z x y BYSCORE
a ZRANGE z x y
a ZRANGE z 0 -1 NOPE
a ZRANGE z - + BYLEX
a ZRANGE z - + BYLEX WITHSCORES
a ZREVRANGE z 0 -1 WITHSCORES
a ZREVRANGE z 0 0
a ZREVRANGE z 0 0 BYSCORE
a ZRANGEBYSCORE z -inf +inf WITHSCORES
a ZRANGEBYSCORE z 2 (9 WITHSCORES LIMIT 0 1
a ZRANGEBYSCORE z 2 9 LIMIT 0
a ZRANGEBYSCORE z (2 (2
a ZRANGEBYSCORE z 9 2
a ZREVRANGEBYSCORE z +inf -inf WITHSCORES LIMIT 1 2
a ZREVRANGEBYSCORE z 9 0 LIMIT 0 1
a ZREVRANGEBYSCORE missing 9 0
a ZCOUNT z -inf +inf
a ZCOUNT z (2 9
a ZCOUNT missing 0 1
a ZCOUNT z x 1
a ZINCRBY z 1.5 a
a ZINCRBY z -0.5 new
a ZINCRBY z x a
a ZRANK z a
a ZRANK z missing
a ZREVRANK z a
a ZRANK missing a
a ZADD same 0 a 0 b 0 c 0 d
a ZRANGEBYLEX same - +
a ZRANGEBYLEX same [b (d
a ZRANGEBYLEX same (b + LIMIT 0 1
a ZREVRANGEBYLEX same + [b
a ZRANGEBYLEX same b d
a ZLEXCOUNT same [a [c
a ZREMRANGEBYLEX same [a (c
a ZPOPMIN z
a ZPOPMAX z
a ZPOPMIN z 2
a ZPOPMAX z 0
a ZPOPMIN missing
a ZPOPMIN missing 2
a ZPOPMIN z -1
a ZPOPMIN z x
a ZADD r 1 a 2 b 3 c 4 d 5 e
a ZREMRANGEBYSCORE r (1 2
a ZREMRANGEBYRANK r 0 0
a ZREMRANGEBYRANK r -1 -1
a ZRANGE r 0 -1
a ZREMRANGEBYSCORE r -inf +inf
a EXISTS r
a ZREMRANGEBYSCORE r x 1
a ZREMRANGEBYRANK missing 0 -1
a ZADD f 1795229811.693103 t1 1795229811.6931026 t2 0.1 t3 1e21 t4 123456789012345680 t5 -1.5 t6 3.0 t7 1e-7 t8 1e300 t9
a ZRANGE f 0 -1 WITHSCORES
a ZSCORE f t1
a ZINCRBY f 0.2 t3
a ZSCAN f 0
a ZSCAN f 0 MATCH t3
a ZSCAN missing 0
a SET str v
a ZADD str 1 a
a ZRANGE str 0 -1
a ZSCORE str a
a ZREM str a
`,
  transactions: String.raw`
a MULTI
a SET k 1
a INCR k
a GET k
a EXEC
a EXEC
a DISCARD
a MULTI
a MULTI
a EXEC
a MULTI
a SET k 5
a DISCARD
a GET k
a MULTI
a NOSUCH
a SET k 6
a EXEC
a GET k
a MULTI
a SET k
a EXEC
a MULTI
a SET k 7
a LPUSH k x
a GET k
a EXEC
a MULTI
a EXEC
a WATCH k
b SET k changed
a MULTI
a SET k mine
a EXEC
a GET k
a WATCH k
a MULTI
a SET k mine
a EXEC
a WATCH k
b SET k again
a UNWATCH
a MULTI
a SET k mine
a EXEC
a WATCH k
a SET k own
a MULTI
a GET k
a EXEC
a WATCH e
b DEL e
a MULTI
a PING
a EXEC
a SET e v PX 30
a WATCH e
a wait 60
a MULTI
a PING
a EXEC
a WATCH w1 w2
b RPUSH w2 x
a MULTI
a PING
a EXEC
a WATCH k
b FLUSHALL
a MULTI
a PING
a EXEC
a WATCH nothing
b FLUSHALL
a MULTI
a PING
a EXEC
a MULTI
a WATCH k
a EXEC
a WATCH
a MULTI
a UNWATCH
a SELECT 1
a SET in-one v
a SELECT 0
a EXEC
a EXISTS in-one
a MULTI
a HGETALL h
a GET missing
a SMEMBERS s
a ZRANGE z 0 -1 WITHSCORES
a EXEC
a MULTI
a RESET
a EXEC
`,
  pubsub: String.raw`
a SUBSCRIBE ch1 ch2
a <
a SUBSCRIBE ch1
b PUBLISH ch1 hello
a <
b PUBLISH nobody x
a PSUBSCRIBE ch*
b PUBLISH ch2 "binary \x00\xff"
a <
a <
u b PUBSUB CHANNELS
b PUBSUB CHANNELS ch1
b PUBSUB CHANNELS x*
b PUBSUB NUMSUB ch1 nobody
b PUBSUB NUMSUB
b PUBSUB NUMPAT
a PING
a PING text
a UNSUBSCRIBE ch1
a UNSUBSCRIBE nothing
a PUNSUBSCRIBE ch*
a UNSUBSCRIBE
a UNSUBSCRIBE
a PUNSUBSCRIBE
b PUBLISH ch2 x
a --
a PSUBSCRIBE h?llo
b PUBLISH hello 1
a <
b PUBLISH hllo 1
a --
a PUNSUBSCRIBE
a PSUBSCRIBE h[ae]llo
b PUBLISH hallo 1
a <
b PUBLISH hillo 1
a --
a PUNSUBSCRIBE
a PSUBSCRIBE h*llo
b PUBLISH hllo 1
a <
b PUBLISH hll 1
a --
a PUNSUBSCRIBE
a PSUBSCRIBE \\*x
b PUBLISH *x 1
a <
b PUBLISH yx 1
a --
a PUNSUBSCRIBE
a PSUBSCRIBE h[^e]llo
b PUBLISH hallo 1
a <
b PUBLISH hello 1
a --
a PUNSUBSCRIBE
a PSUBSCRIBE h[a-c]llo
b PUBLISH hbllo 1
a <
b PUBLISH hdllo 1
a --
a PUNSUBSCRIBE
a SUBSCRIBE
b PUBLISH ch
c MULTI
c PUBLISH x y
c SUBSCRIBE in-multi
c EXEC
`,
  'scripts by hand': String.raw`
a EVAL "return 1" 0
a EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
a EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0
a EVALSHA ffffffffffffffffffffffffffffffffffffffff 0
a SCRIPT LOAD "return 1"
a SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db ffffffffffffffffffffffffffffffffffffffff
a SCRIPT FLUSH
a SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db
a EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
a SCRIPT FLUSH NOPE
a EVAL "return 1" 1
a EVAL "return 1" -1
a EVAL "return 1" x
a EVAL "return 1"
`,
};

/** Answers that only RESP2 clients get, and that only RESP3 clients get. */
export const RESP2_ONLY: Readonly<Record<string, string>> = {
  'commands of a subscriber': String.raw`
a SUBSCRIBE ch
a GET k
a MULTI
a PUBLISH ch x
a HELLO 3
a UNSUBSCRIBE ch
a GET k
`,
};

export const RESP3_ONLY: Readonly<Record<string, string>> = {
  'a subscriber may do everything': String.raw`
a SUBSCRIBE ch
a SET k v
a GET k
a PING
a PUBLISH ch self
a <
`,
};
