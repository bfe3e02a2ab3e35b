import { setTimeout as sleep } from 'node:timers/promises';
import {
  addNumbers,
  app,
  chargeCard,
  generateReport,
  importPrices,
  remindOfCart,
  resizeImage,
  sendWelcome,
} from './tasks.ts';

/*
 * Sends a few tasks a second, so that there is something to see. When more than fifty wait it pauses: without a worker
 * the queues must not grow for ever.
 */

const CUSTOMERS = ['ada', 'grace', 'linus', 'margaret', 'barbara', 'edsger', 'radia'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June'];
const MOST_WAITING = 50;

const customer = (n: number): string => `${CUSTOMERS[n % CUSTOMERS.length]}@example.org`;

/** Two of three rows are fine. */
const milkPrice = (n: number): string => (n % 3 === 0 ? '"1.2"' : '1.2');

async function sendOne(n: number): Promise<void> {
  if (n % 45 === 2) await generateReport.delay(MONTHS[((n / 45) % MONTHS.length) | 0] ?? 'June');
  if (n % 15 === 5) await remindOfCart.applyAsync([customer(n), 1 + (n % 4)], { countdown: 20 });
  if (n % 20 === 7)
    await importPrices.delay(`{"tea": {"euros": 3.5}, "cake": null, "milk": {"euros": ${milkPrice(n)}}}`);
  const kind = n % 4;
  if (kind === 0) await addNumbers.delay(n, n % 10);
  else if (kind === 1) await resizeImage.delay(`photo-${n}.jpg`, 320 * (1 + (n % 3)));
  else if (kind === 2) await chargeCard.delay(1000 + n, 5 + (n % 90));
  else await sendWelcome.delay(customer(n));
}

async function waiting(): Promise<number> {
  const transport = await app.transport();
  const samples = await transport.sampleQueues(app.router.queues.map(({ name }) => name));
  return samples.reduce((sum, { messages }) => sum + messages, 0);
}

for (let n = 0; ; n += 1) {
  try {
    if ((await waiting()) < MOST_WAITING) await sendOne(n);
  } catch (error) {
    console.error(`No task sent: ${error instanceof Error ? error.message : error}`);
    await sleep(2000);
  }
  await sleep(350 + (n % 5) * 40);
}
