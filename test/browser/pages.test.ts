import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../kit/browser.ts';
import { type Stack, startStack } from '../kit/stack.ts';

/* Every page, in both themes, wide and on a phone: readable for everybody, nothing wider than the screen, no errors. */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SCREENS = [
  { name: 'wide, dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  { name: 'wide, light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'phone, dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
  { name: 'phone, light', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
] as const;

let stack: Stack;
let browser: Browser;
let taskId: string;

beforeAll(async () => {
  stack = await startStack('test/browser/tasks.mjs');
  browser = await launchBrowser();
  await stack.app.sendTask('web.add', [1, 2]);
  const failed = await stack.app.sendTask('web.fail', ['for the pages']);
  taskId = failed.id;
  await stack.app.sendTask('web.steps', [300, 200]);
  await failed.get({ timeout: 10, propagate: false });
}, 60_000);

afterAll(async () => {
  await browser.close();
  await stack.stop();
}, 30_000);

describe.each(SCREENS)('$name', ({ viewport, colorScheme }) => {
  let context: BrowserContext;

  beforeAll(async () => {
    // The page's own policy forbids foreign scripts, so axe comes in past it; the policy itself is tested elsewhere.
    context = await browser.newContext({ viewport, colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
  });
  afterAll(() => context.close());

  const paths = () => [
    '/',
    '/tasks',
    `/task/${taskId}`,
    '/workers',
    '/worker/w1@test',
    '/queues',
    '/nowhere',
  ];

  test.each([0, 1, 2, 3, 4, 5, 6])('page %i', async (index) => {
    const path = paths()[index] ?? '/';
    const problems: string[] = [];
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && path !== '/nowhere') problems.push(message.text());
    });
    await page.goto(`${stack.url}${path}`);
    await page.waitForTimeout(1200);
    await page.evaluate(AXE);
    const found = await page.evaluate(async () => {
      const axe = Reflect.get(globalThis, 'axe');
      const { violations } = await axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      });
      return {
        violations: violations.map(
          (v: { id: string; nodes: { html: string }[] }) => `${v.id}: ${v.nodes[0]?.html}`,
        ),
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      };
    });
    await page.close();
    expect({ path, problems, ...found }).toEqual({ path, problems: [], violations: [], overflow: 0 });
  });
});
