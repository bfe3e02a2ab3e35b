import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../kit/process.ts';
import { PYTHON } from '../kit/python.ts';

/* docs/celery.md against a real Celery: every name of it must stand there. */

const page = readFileSync(join(ROOT, 'docs/celery.md'), 'utf8');
const words = new Set([...page.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => code.split(/[\s(]+/)));
const families = [...words].filter((word) => word.endsWith('_*')).map((word) => word.slice(0, -1));
const features: Record<string, string[] | Record<string, string[]>> = JSON.parse(
  execFileSync(PYTHON, [join(ROOT, 'test/interop/celery_features.py')], {
    env: { ...process.env, PYTHONWARNINGS: 'ignore' },
  }).toString(),
);

it.each(Object.entries(features))('names all %s', (_kind, known) => {
  const names = Array.isArray(known) ? known : Object.values(known).flat();
  const isNamed = (name: string): boolean =>
    words.has(name) || families.some((family) => name.startsWith(family));
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !isNamed(name))).toEqual([]);
});
