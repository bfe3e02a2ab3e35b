import { describe, expect, it } from 'vitest';
import { describeConfig, resolveConfig } from '../../../server/config.ts';

describe('options of the dashboard', () => {
  it('starts with the embedded engine on this machine only', () => {
    expect(resolveConfig({}, {})).toMatchObject({
      isEmbedded: true,
      broker: 'redis://127.0.0.1:5556/0',
      resultBackend: 'redis://127.0.0.1:5556/1',
      port: 5555,
      address: '127.0.0.1',
      urlPrefix: '',
      data: '.umbel',
    });
  });

  it('takes the command line before the environment before the defaults', () => {
    const env = { FLOWER_PORT: '6000', CELERY_BROKER_URL: 'redis://env/1', FLOWER_URL_PREFIX: '/flower/' };
    expect(resolveConfig({ port: 7000 }, env)).toMatchObject({
      port: 7000,
      broker: 'redis://env/1',
      urlPrefix: '/flower',
    });
    expect(resolveConfig({ broker: 'redis://cli/2' }, env)).toMatchObject({
      port: 6000,
      broker: 'redis://cli/2',
    });
    expect(resolveConfig({}, { ...env, FLOWER_BROKER: 'redis://flower/3' }).broker).toBe('redis://flower/3');
  });

  it.each(['rpc://', 'cache+memory://'])('has no results to show of %s', (backend) => {
    const env = { CELERY_BROKER_URL: 'amqp://localhost', CELERY_RESULT_BACKEND: backend };
    expect(resolveConfig({}, env).resultBackend).toBeNull();
  });

  it.each([
    [{ port: 99_999 }, /port.*0 to 65535/],
    [{ broker: 'localhost' }, /broker.*redis:\/\/localhost:6379\/0/],
    [{ brokerApi: 'localhost:15672' }, /--broker-api.*http:\/\/guest/],
    [{ urlPrefix: '"><script>' }, /--url-prefix/],
    [{ maxTasks: 0 }, /--max-tasks/],
    [{ address: '0.0.0.0' }, /no login.*0\.0\.0\.0[\s\S]*--unauthenticated/],
    [{ address: '192.168.1.5' }, /no login/],
  ])('refuses %j', (options, message) => {
    expect(() => resolveConfig(options, {})).toThrow(message);
  });

  it('listens elsewhere when told so on purpose', () => {
    expect(resolveConfig({ address: '0.0.0.0' }, { FLOWER_UNAUTHENTICATED_API: 'true' }).address).toBe(
      '0.0.0.0',
    );
    expect(resolveConfig({ address: '0.0.0.0', unauthenticated: true }, {}).address).toBe('0.0.0.0');
  });

  it('shows no password', () => {
    expect(describeConfig(resolveConfig({ broker: 'redis://u:geheim@h/0' }, {}))).not.toContain('geheim');
  });
});
