import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { startDashboard, type TestDashboard } from '../kit/dashboard.ts';
import type { TestProcess } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { CANARIES, SETTINGS, seen } from '../kit/secrets.ts';

/* What a person sees of a Python worker whose settings and tasks are full of secrets; and how many messages it holds. */

const WORKER = 'theirs@box';
const SECRET = `redis://:${CANARIES[0]}"@'${CANARIES[1]}@h:1/0`;

let redis: RedisServer;
let flower: TestDashboard;
let worker: TestProcess;
let browser: Browser;
let page: Page;
let id = '';

beforeAll(async () => {
  const password = CANARIES.join('-');
  redis = await startRedis({ args: ['--requirepass', password] });
  const [url = '', backend = ''] = [0, 1].map((db) => redis.url(db).replace('//', `//:${password}@`));
  const conf = {
    ...SETTINGS,
    broker_read_url: `${url};amqp://u:${CANARIES.join('"')}@h//`,
    broker_write_url: url,
  };
  const urls: PythonUrls = { broker: url, backend, conf };
  flower = await startDashboard({ broker: url, resultBackend: backend });
  worker = await pythonWorker(urls, ['-n', WORKER, '-c', '1']);
  await flower.until('/api/workers', ({ text }) => text.includes('broker_read_url'));
  const held = `[echo.apply_async((1,), {"password": "${CANARIES[0]}"}, countdown=600) for _ in range(3)]`;
  id = String(await python(urls, `t = fail.delay(${JSON.stringify(SECRET)})\n${held}\nt.id`));
  await flower.until(`/api/task/info/${id}`, ({ text }) => text.includes('FAILURE'));
  browser = await launchBrowser();
  page = await browser.newPage();
}, 90_000);

afterAll(async () => {
  await browser?.close();
  await worker?.stop('SIGKILL');
  await flower?.stop();
  await redis?.stop();
}, 60_000);

async function shown(): Promise<string> {
  return page.evaluate(() => document.documentElement.innerHTML);
}

test('no page shows a secret', async () => {
  for (const path of ['/', '/tasks', `/task/${id}`, '/workers', '/queues']) {
    await page.goto(flower.origin + path);
    await page.waitForLoadState('networkidle').catch(() => {});
    await page.getByText(/\d/).first().waitFor();
    expect(seen(await shown()), path).toEqual([]);
  }
  await page.goto(`${flower.origin}/task/${id}`);
  await page.getByText('********').first().waitFor();
  expect(seen(await shown())).toEqual([]);
  await page.goto(`${flower.origin}/worker/${WORKER}`);
  const tabs = page.getByRole('tab');
  await tabs.first().waitFor();
  let masks = 0;
  for (const tab of await tabs.all()) {
    await tab.click();
    const html = await shown();
    expect(seen(html)).toEqual([]);
    if (html.includes('********')) masks += 1;
  }
  expect(masks).toBeGreaterThanOrEqual(1);
}, 60_000);

test('the page of queues tells how many messages are held', async () => {
  await page.goto(`${flower.origin}/queues`);
  // The worker holds what is not due yet.
  await page
    .getByRole('row', { name: /celery/ })
    .getByRole('cell', { name: '3', exact: true })
    .waitFor();
  expect(await page.getByText('not told').count()).toBe(0);
}, 30_000);
