import { SignalEcho } from '../util/signal-echo.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls back for each signal that asks the process to end; returns how to stop listening. */
export function onEndSignal(listener: (signal: NodeJS.Signals) => void): () => void {
  const echo = new SignalEcho();
  const hear = (signal: NodeJS.Signals): void => {
    if (!echo.isEcho(signal)) listener(signal);
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return () => {
    for (const signal of SIGNALS) process.off(signal, hear);
  };
}

/** Resolves at the first such signal. A second one ends the process at once: stopping may hang. */
export function untilEndSignal(): Promise<void> {
  return new Promise((resolve) => {
    let count = 0;
    onEndSignal(() => {
      count += 1;
      if (count > 1) process.exit(1);
      resolve();
    });
  });
}
