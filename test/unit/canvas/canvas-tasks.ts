import type { Celery } from '../../../lib/index.ts';

/** The tasks of which canvases are made; `note` writes to `notes`. */
export function canvasTasks(app: Celery, notes: string[] = []) {
  return {
    add: app.task('t.add', (x: number, y: number) => x + y),
    total: app.task('t.total', (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)),
    echo: app.task('t.echo', (value: unknown) => value),
    ids: app.task('t.ids', { bind: true }, (self, _value: unknown = null) => {
      const { id, rootId, parentId } = self.request;
      return { id, rootId, parentId };
    }),
    fail: app.task('t.fail', (text: unknown): number => {
      throw new RangeError(String(text));
    }),
    note: app.task('t.note', (text: unknown, place: string) => notes.push(`${place} ${String(text)}`)),
  };
}
