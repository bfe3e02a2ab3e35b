/**
 * Shapes in which secrets come along, for the tests that look for them everywhere. Each secret has one of these words on
 * either side of whatever makes it hard to hide; not a part of any may be seen.
 */
export const CANARIES = ['KANARI', 'VOGEL'] as const;

const HARD = ['@', '/', '%', "'", '"', ':', '#', '?', '&', '@/@', '%2F', '\\', '[', 'ä😀'] as const;

/** Passwords as they are. */
export const PASSWORDS: readonly string[] = HARD.map((hard) => `${CANARIES[0]}${hard}${CANARIES[1]}`);
const [PLAIN = ''] = [`${CANARIES[0]}-${CANARIES[1]}`];

/** URLs of every scheme with this text as the password. */
export const URL_SHAPES: readonly ((password: string) => string)[] = [
  (password) => `redis://:${password}@127.0.0.1:6379/0`,
  (password) => `rediss://user:${password}@127.0.0.1`,
  (password) => `sentinel://:${password}@127.0.0.1:26379;sentinel://:${password}@127.0.0.2:26379/0`,
  (password) => `amqp://user:${password}@127.0.0.1//`,
  (password) => `pyamqp://user:${password}@127.0.0.1:5672/v`,
  (password) => `amqps://user:${password}@127.0.0.1/v;amqps://user:${password}@127.0.0.2/v`,
  (password) => `db+postgresql://user:${password}@127.0.0.1:5432/name`,
  (password) => `db+mysql+pymysql://user:${password}@127.0.0.1/name?charset=utf8`,
  (password) => `mongodb://user:${password}@a.example:1,b.example:2/name`,
  (password) => `http://user:${password}@127.0.0.1:15672/api/`,
];

/** URLs that hold a secret in their query. */
export const QUERY_SHAPES: readonly string[] = [
  `redis+socket:///tmp/redis.sock?password=${PLAIN}&virtual_host=1`,
  `redis+socket:///tmp/redis.sock?virtual_host=1&password=${CANARIES[0]}@${CANARIES[1]}`,
  `rediss://127.0.0.1/0?ssl_keyfile_password=${PLAIN}`,
  `https://example.org/hook?token=${PLAIN}&x=1`,
  `redis://:${CANARIES[0]}@127.0.0.1/0?password=${CANARIES[0]}&${CANARIES[1]}@x`,
  `db+postgresql://127.0.0.1/name?sslpassword=${PLAIN}&user=u`,
];

/** Settings in which secrets stand. */
export const SETTINGS: Readonly<Record<string, unknown>> = {
  broker_read_url: `redis://:${CANARIES[0]}@${CANARIES[1]}@127.0.0.1:1/0`,
  broker_write_url: [`amqp://u:${PLAIN}@127.0.0.1//`, `amqp://u:${CANARIES[0]}"${CANARIES[1]}@127.0.0.2//`],
  redis_password: PLAIN,
  broker_transport_options: {
    region: 'eu',
    sentinel_kwargs: { password: PLAIN, username: 'x' },
    predefined_queues: { q: { access_key_id: PLAIN, secret_access_key: PLAIN } },
    url: `https://u:${PLAIN}@example.org/`,
    credentials: [PLAIN],
    token: PLAIN,
    api_key: PLAIN,
  },
  result_backend_transport_options: { master_name: 'm', sentinel_kwargs: { password: PLAIN }, secret: PLAIN },
  security_key: PLAIN,
  database_engine_options: { connect_args: { password: PLAIN } },
};

const repr = (password: string): string =>
  password.includes("'") && !password.includes('"')
    ? `"${password.replaceAll('\\', '\\\\')}"`
    : `'${password.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Texts: errors, dictionaries as Python, JSON and Node write them, connection strings, headers. */
export const TEXT_SHAPES: readonly ((password: string) => string)[] = [
  (password) => `{'password': ${repr(password)}, 'port': 1}`,
  (password) => `{'a': {'redis_password': ${repr(password)}}, 'b': [1]}`,
  (password) => `{"api_key":${JSON.stringify(password)},"n":1}`,
  (password) => JSON.stringify({ text: JSON.stringify({ secret: password, n: 1 }) }),
  (password) => `{'credentials': {'user': 'u', 'key': ${repr(password)}}, 'n': 1}`,
  (password) => `connect(host='h', password=${repr(password)}, db=0)`,
  (password) => `{'broker_url': ${repr(`redis://:${password}@h:1/0`)}, 'x': 'a@b'}`,
  (password) => `(${repr(`amqp://u:${password}@h//`)}, 7)`,
  (password) => JSON.stringify(JSON.stringify({ url: `amqp://u:${password}@h//` })),
  (password) =>
    `Traceback (most recent call last):\n  File "a.py", line 3\n    redis.from_url(${repr(`redis://:${password}@h`)})\nConnectionError: ${`redis://:${password}@h`} refused`,
  (password) =>
    `TypeError [ERR_INVALID_URL]: Invalid URL {\n  input: ${repr(`redis://:${password}@h:x`)},\n}`,
  (password) => `AUTH failed\n{ password: ${repr(password)}, host: 'h' }`,
  (password) => `no vhost: amqp://u:${password}@127.0.0.1:5672/v (ACCESS_REFUSED)`,
];

/** The same with nothing in the secret that a text could end at. */
export const PLAIN_TEXTS: readonly string[] = [
  `host=h port=1 user=u password=${PLAIN} dbname=d`,
  `Authorization: Bearer ${PLAIN}`,
  `{'n': 1, 'headers': 'Authorization: Basic ${PLAIN}'}`,
  `--broker=redis://:${PLAIN}@h --token=${PLAIN} -c 1`,
  `{"password": 1234, "secret_key": "${PLAIN} and more`,
  `('redis://:${CANARIES[0]}...', 7)`,
  `redis://user:${PLAIN}`,
  `Cannot connect to redis://:${CANARIES[0]} ${CANARIES[1]}@h:1/0: refused`,
];

/** Which canaries a text shows; none is what it should be. */
export function seen(text: string): string[] {
  return CANARIES.filter((canary) => text.toLowerCase().includes(canary.toLowerCase()));
}

/** What stands around the secrets that a text shows. */
export function leaks(text: string): string[] {
  return seen(text).flatMap((canary) => {
    const at = text.search(new RegExp(canary, 'i'));
    return [text.slice(Math.max(0, at - 300), at + 100)];
  });
}
