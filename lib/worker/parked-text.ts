/** What the log says of a message that is no task; the reason may end with a full stop or not. */
export function parkedText(queue: string, reason: string): string {
  const why = reason.trim().replace(/[.]+$/, '');
  return `Received invalid task message from ${queue}: ${why}.\nIt is set aside in the list umbel.parked.`;
}
