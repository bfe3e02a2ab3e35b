// The arrows of the house: what may import what. Read each rule as "`from` must not import `to`".
const only = (name, comment, module, allowedFrom) => ({
  name,
  comment,
  severity: 'error',
  from: { pathNot: allowedFrom },
  to: { path: `node_modules/${module}/` },
});
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from: { path: from }, to });
const outside = (...allowed) => ({
  path: '^(lib|server|app|components)/',
  pathNot: allowed.map((path) => `^${path}`),
});

export default {
  forbidden: [
    forbid('no-cycles', 'modules form a tree', '^(lib|server|app|components)/', { circular: true }),
    forbid(
      'contract-is-a-leaf',
      'the browser reads it: it imports nothing',
      '^lib/contract/',
      outside('lib/contract/'),
    ),
    forbid('util-is-a-leaf', 'helpers know no layer', '^lib/util/', outside('lib/util/', 'lib/contract/')),
    forbid(
      'protocol-is-pure',
      'bytes to values, no I/O',
      '^lib/protocol/',
      outside('lib/protocol/', 'lib/contract/', 'lib/util/'),
    ),
    forbid(
      'transport-below-app',
      'transports move messages only',
      '^lib/transport/',
      outside('lib/transport/', 'lib/amqp/', 'lib/redis/', 'lib/protocol/', 'lib/contract/', 'lib/util/'),
    ),
    forbid(
      'amqp-client-is-shared',
      'connections know URLs, not messages',
      '^lib/amqp/',
      outside('lib/amqp/', 'lib/contract/', 'lib/util/'),
    ),
    forbid(
      'redis-client-is-shared',
      'connections know URLs, not messages',
      '^lib/redis/',
      outside('lib/redis/', 'lib/contract/', 'lib/util/'),
    ),
    forbid(
      'backend-below-app',
      'backends store results only',
      '^lib/backend/',
      outside('lib/backend/', 'lib/transport/', 'lib/redis/', 'lib/protocol/', 'lib/contract/', 'lib/util/'),
    ),
    forbid(
      'events-below-app',
      'events ride on the transport',
      '^lib/events/',
      outside('lib/events/', 'lib/transport/', 'lib/protocol/', 'lib/contract/', 'lib/util/'),
    ),
    forbid(
      'control-below-app',
      'the mailbox rides on the transport',
      '^lib/control/',
      outside('lib/control/', 'lib/transport/', 'lib/protocol/', 'lib/contract/', 'lib/util/'),
    ),
    forbid(
      'app-below-worker',
      'what users write against does not know the worker',
      '^lib/app/',
      outside(
        'lib/app/',
        'lib/backend/',
        'lib/events/',
        'lib/control/',
        'lib/transport/',
        'lib/protocol/',
        'lib/contract/',
        'lib/util/',
      ),
    ),
    forbid('worker-below-cli', 'the worker does not know the command line', '^lib/worker/', {
      path: '^(lib/(cli|monitor)|server|app|components)/',
    }),
    forbid(
      'monitor-is-pure',
      '(state, event) to state',
      '^lib/monitor/',
      outside('lib/monitor/', 'lib/protocol/', 'lib/contract/', 'lib/util/'),
    ),
    forbid(
      'lib-without-server',
      'the library works without the dashboard; the command line starts both',
      '^lib/(?!cli/)',
      { path: '^(server|app|components)/' },
    ),
    forbid('cli-is-the-rim', 'only the command line itself imports it', '^(lib/(?!cli/)|server/)', {
      path: '^lib/cli/',
    }),
    forbid('server-without-pages', 'pages are a static export', '^server/', { path: '^(app|components)/' }),
    forbid(
      'pages-read-the-contract',
      'the browser knows the contract and nothing else of ours',
      '^(app|components)/',
      { path: '^(lib/(?!contract/)|server/)' },
    ),
    forbid('components-below-app', 'pages use components', '^components/', { path: '^app/' }),
    only('amqplib-in-amqp', 'one place knows the client', 'amqplib', '/amqp/'),
    only('socket-io-in-live', 'one place knows the socket server', 'socket\\.io', '^server/live/'),
    only('pg-in-sql', 'one place knows PostgreSQL', 'pg', '^lib/backend/sql/'),
    only('mysql2-in-sql', 'one place knows MySQL', 'mysql2', '^lib/backend/sql/'),
    only(
      'libsql-in-stores',
      'one place knows SQLite',
      'libsql',
      '^(server/collector/history/|lib/backend/sql/)',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
