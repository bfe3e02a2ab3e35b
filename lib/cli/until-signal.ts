const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls back for each signal that asks the process to end; returns how to stop listening. */
export function onEndSignal(listener: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
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
