import { addNumbers, app, chargeCard, generateReport } from './tasks.ts';

/* Sends tasks and waits for them: `npx umbel run client.ts`, with `npx umbel -A tasks.ts dev` running elsewhere. */

const sum = await addNumbers.delay(10, 5);
console.log(sum.id, await sum.get({ timeout: 10 })); // 15, a number

const declined = await chargeCard.delay(1002, 20);
try {
  await declined.get({ timeout: 10 });
} catch (error) {
  console.log(error instanceof Error ? `${error.name}: ${error.message}` : error);
}

const report = await generateReport.delay('May', 8);
while (!(await report.ready())) {
  console.log(await report.state(), await report.info());
  await new Promise((resolve) => setTimeout(resolve, 500));
}
console.log(await report.get());

await app.close();
