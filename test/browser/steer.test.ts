import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { type Stack, startStack } from '../kit/stack.ts';

/* A person at the pages: real Chromium, real dashboard, real engine, real worker. */

let stack: Stack;
let browser: Browser;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  stack = await startStack('test/browser/tasks.mjs');
  browser = await launchBrowser();
}, 60_000);

afterAll(async () => {
  await browser.close();
  await stack.stop();
}, 30_000);

beforeEach(async () => {
  problems.length = 0;
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(10_000);
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
});

afterEach(async () => {
  await page.close();
  expect(problems).toEqual([]);
});

const open = (path: string) => page.goto(`${stack.url}${path}`);
const button = (name: string | RegExp) => page.getByRole('button', { name });
const send = (task: string, args: unknown[]) => stack.app.sendTask(task, args);

test('a task appears in the list without a reload', async () => {
  await open('/tasks');
  await page.getByText('Live', { exact: true }).waitFor();
  await send('web.add', [20, 22]);
  await page.getByText('(20, 22)').waitFor();
  expect(await page.getByText('web.add').first().isVisible()).toBe(true);
});

test('progress moves while one looks', async () => {
  const result = await send('web.steps', [20, 150]);
  await open(`/task/${result.id}`);
  const bar = page.getByRole('progressbar', { name: 'Progress' });
  await bar.waitFor();
  const first = Number(await bar.getAttribute('aria-valuenow'));
  await expect
    .poll(async () => Number(await bar.getAttribute('aria-valuenow')), { timeout: 5000 })
    .toBeGreaterThan(first);
  await page.getByText("'all steps done'").first().waitFor();
});

test('Revoke keeps a waiting task from starting', async () => {
  const result = await stack.app.sendTask('web.add', [1, 1], { countdown: 4 });
  await open(`/task/${result.id}`);
  await button(/^Revoke/).click();
  await expect.poll(() => result.status(), { timeout: 10_000 }).toBe('REVOKED');
  await page.getByText('Revoked').first().waitFor();
});

test('Terminate asks, then ends a running task', async () => {
  const result = await send('web.sleep', [60]);
  await open(`/task/${result.id}`);
  await button(/^Terminate/).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(result.id).waitFor();
  await dialog.getByRole('button', { name: 'Terminate' }).click();
  await expect.poll(() => result.status(), { timeout: 10_000 }).toBe('REVOKED');
  await page.getByText('Revoked').first().waitFor();
});

test('Retry sends a failed task again with edited arguments', async () => {
  const result = await send('web.fail', ['first']);
  await open(`/task/${result.id}`);
  await page.getByText('Failure').first().waitFor();
  await button(/^Retry/).click();
  const dialog = page.getByRole('dialog');
  const args = dialog.getByLabel('Positional arguments');
  expect(await args.inputValue()).toContain('first');
  await args.fill('["second"]');
  await dialog.getByRole('button', { name: 'Send again' }).click();
  await dialog.getByRole('link', { name: 'Open the new task' }).click();
  await page.waitForURL((url) => url.pathname.startsWith('/task/') && !url.pathname.includes(result.id));
  await page
    .getByText(/second/)
    .first()
    .waitFor();
});

test('Retry does not send arguments that are known only from a shortened text', async () => {
  const result = await send('web.echo', ['x'.repeat(3000)]);
  await open(`/task/${result.id}`);
  await page.getByText('Success').first().waitFor();
  await button(/^Retry/).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/shortened/).waitFor();
  expect(await dialog.getByRole('button', { name: 'Send again' }).isDisabled()).toBe(true);
  await dialog.getByLabel('Positional arguments').fill('["whole"]');
  await dialog.getByRole('button', { name: 'Send again' }).click();
  await dialog.getByText(/Sent as/).waitFor();
});

test("a worker's pool grows and shrinks, and its own answer is shown", async () => {
  await open('/worker/w1@test');
  await button('One more').click();
  await button('Apply').click();
  await page.getByText('pool will grow').first().waitFor();
  await expect.poll(async () => poolSize(), { timeout: 10_000 }).toBe(3);
  await expect.poll(() => page.getByLabel('Wanted slots').textContent(), { timeout: 10_000 }).toBe('3');
  await button('One less').click();
  await button('Apply').click();
  await page.getByText('pool will shrink').first().waitFor();
  await expect.poll(async () => poolSize(), { timeout: 10_000 }).toBe(2);
});

test('a queue is added to a worker and taken away', async () => {
  await stack.app.sendTask('web.add', [3, 4], { queue: 'extra' });
  await open('/queues');
  await page
    .getByText(/Nobody consumes/)
    .first()
    .waitFor({ timeout: 20_000 });
  await open('/worker/w1@test');
  await page.getByLabel('Queue to consume').fill('extra');
  await button(/^Add/).click();
  await page.getByText('add consumer extra').first().waitFor();
  await open('/tasks?queue=extra');
  await page.getByText('(3, 4)').first().waitFor();
  expect(await page.getByText('w1@test').first().isVisible()).toBe(true);
}, 45_000);

test('Purge wants the name of the queue, then deletes what waits in it', async () => {
  for (let count = 0; count < 3; count += 1) {
    await stack.app.sendTask('web.add', [count, 0], { queue: 'unwanted' });
  }
  await open('/queues?queue=unwanted');
  await button(/^Purge…/).click({ timeout: 20_000 });
  const dialog = page.getByRole('dialog');
  const purge = dialog.getByRole('button', { name: /^Purge/ });
  expect(await purge.isDisabled()).toBe(true);
  await dialog.getByLabel('Type unwanted').fill('unwanted');
  await purge.click();
  await page.getByText('3 deleted').waitFor();
  const transport = await stack.app.transport();
  expect(await transport.sampleQueues(['unwanted'])).toMatchObject([{ messages: 0 }]);
}, 45_000);

async function poolSize(): Promise<unknown> {
  const stats: Record<string, unknown> = { ...(await stack.app.control.inspect().stats()) };
  const pool = Object(Object(stats['w1@test']).pool);
  return pool['max-concurrency'];
}
