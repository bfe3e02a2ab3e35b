import { setTimeout as sleep } from 'node:timers/promises';
import { Celery, Task } from 'umbel';

/*
 * A little shop, to see everything once: short tasks, a long one that tells how far it is, some that fail, some that are
 * tried again, some that wait for their time, on three queues.
 *
 *   npx umbel -A tasks.ts dev          dashboard, engine and worker
 *   npx umbel run client.ts            sends some tasks and waits for their results
 */

export const app = new Celery('shop', {
  task_queues: ['celery', 'emails', 'reports'],
  task_routes: { 'emails.*': 'emails', 'reports.*': 'reports' },
  task_track_started: true,
});

/** The mail server has a bad moment: worth another try. */
class MailServerBusy extends Error {
  override name = 'MailServerBusy';
}

/** Nobody can help it: the task fails. */
class CardDeclined extends Error {
  override name = 'CardDeclined';
}

export const addNumbers = app.task('shop.add_numbers', (x: number, y: number) => x + y);

/** Short work on the processor. */
export const resizeImage = app.task('shop.resize_image', (file: string, width: number) => {
  let checksum = 0;
  for (let pixel = 0; pixel < width * 20_000; pixel += 1) checksum = (checksum * 31 + pixel) % 65_521;
  return { file: file.replace('.', `-${width}.`), width, checksum };
});

/** Fails for one order in three of those that the traffic sends. `throws` makes it an expected error: one line in the worker's log, no traceback. */
export const chargeCard = app.task(
  'shop.charge_card',
  { throws: [CardDeclined] },
  async (order: number, euros: number) => {
    await sleep(150 + (order % 5) * 60);
    if (order % 6 === 0) throw new CardDeclined(`Order ${order}: the bank says no`);
    return { order, euros, paid: true };
  },
);

/** Is tried again after 1, 2, 4 … seconds when the mail server is busy; the third attempt gets through. */
export const sendWelcome = app.task(
  'emails.send_welcome',
  { bind: true, autoretryFor: [MailServerBusy], retryBackoff: true, retryJitter: false, maxRetries: 4 },
  async (self, customer: string) => {
    await sleep(120);
    const isUnlucky = customer.length % 3 === 0;
    if (isUnlucky && self.request.retries < 2) throw new MailServerBusy('451 try again later');
    return `Welcome mail sent to ${customer}`;
  },
);

/** Sent with a countdown: waits for its time in the worker. */
export const remindOfCart = app.task('emails.remind_of_cart', async (customer: string, items: number) => {
  await sleep(80);
  return `${customer} was reminded of ${items} items`;
});

/** A bug on purpose, for rows where a price is a text: so there is a traceback to look at. */
export const importPrices = app.task('shop.import_prices', async (row: string) => {
  await sleep(60);
  const prices: Record<string, { euros: number } | undefined> = JSON.parse(row);
  return Object.keys(prices).map((name) => prices[name]?.euros.toFixed(2));
});

const STEPS = ['reading orders', 'adding up', 'drawing charts', 'writing the file'];

/** A long task, as a class. Its progress moves the bar on its page. */
class GenerateReport extends Task {
  override name = 'reports.generate';
  override bind = true;
  /** Its message is acked when it is done: a worker that is stopped hard gives it back. */
  override acksLate = true;

  override async run(month: string, pages = 40): Promise<string> {
    for (let page = 1; page <= pages; page += 1) {
      const step = STEPS[Math.floor(((page - 1) / pages) * STEPS.length)];
      await this.updateState({ state: 'PROGRESS', meta: { current: page, total: pages, step } });
      // Woken early when the task should stop: revoked, over its soft time limit, or the worker shuts down.
      await sleep(400, undefined, { signal: this.request.signal });
    }
    return `Report for ${month}, ${pages} pages`;
  }
}

export const generateReport = app.tasks.register(new GenerateReport());
