import { arch, platform, release } from 'node:os';
import type { Celery } from '../app/celery.ts';
import { maskUrl } from '../util/mask.ts';
import { VERSION } from '../util/version.ts';
import type { WorkerSettings } from './options.ts';

const FLOWER = [
  '      o   o   o      ',
  '   o   \\  |  /   o   ',
  '    \\   \\ | /   /    ',
  ' o---\\   \\|/   /---o ',
  '      \\   |   /      ',
  '       \\  |  /       ',
  '        \\ | /        ',
  '         \\|/         ',
  '          |          ',
  '          |          ',
  '          |          ',
];

/** What the worker prints when it starts: Celery's fields in Celery's order. */
export function banner(app: Celery, settings: WorkerSettings, isInfo: boolean): string {
  const { hostname, concurrency, autoscale, pool, taskEvents, queues } = settings;
  const facts = [
    `${hostname} v${VERSION} (umbel)`,
    '',
    `${platform()}-${release()}-${arch()} node-${process.versions.node} ${localTime(new Date())}`,
    '',
    '[config]',
    `.> app:         ${app.main}`,
    `.> transport:   ${maskUrl(app.conf.broker_url)}`,
    `.> results:     ${app.backendUrl === null ? 'disabled://' : maskUrl(app.backendUrl)}`,
    `.> concurrency: ${autoscale ? `{min=${autoscale.min}, max=${autoscale.max}}` : concurrency} (${pool})`,
    `.> task events: ${taskEvents ? 'ON' : 'OFF (enable -E to monitor tasks in this worker)'}`,
    '',
  ];
  const lines = facts.map((fact, index) => ` ${FLOWER[index] ?? ''} ${fact}`.trimEnd());
  const shown = queues.map(({ name, exchange, exchangeType, routingKey }, index) => {
    const start = index === 0 ? '[queues]' : '';
    const type = exchangeType ?? 'direct';
    return `${start.padEnd(9)}.> ${name.padEnd(16)} exchange=${exchange ?? name}(${type}) key=${routingKey ?? name}`;
  });
  const tasks = isInfo ? ['', '[tasks]', ...taskLines(app)] : [];
  return ['', ...lines, ...shown.map((line) => ` ${line}`), ...tasks, '', ''].join('\n');
}

function taskLines(app: Celery): string[] {
  return app.tasks
    .names()
    .filter((name) => !name.startsWith('celery.'))
    .map((name) => `  . ${name}`);
}

function localTime(date: Date): string {
  const pad = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}
