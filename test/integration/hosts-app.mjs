// The app of every host: what needs a graphics card has a queue of its own.
import { hostname } from 'node:os';
import { Celery } from '../../dist/lib/index.js';

export const app = new Celery('hosts', {
  // How soon the broker gives up a host that is cut off: Redis by leases, RabbitMQ by heartbeats.
  broker_transport_options: { lease: 3 },
  broker_heartbeat: 3,
  task_routes: { 'video.*': 'gpu' },
});

export const where = app.task('web.where', () => hostname());
export const encode = app.task('video.encode', () => hostname());
export const slow = app.task(
  'web.slow',
  async (seconds) => {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return hostname();
  },
  { acksLate: true },
);
