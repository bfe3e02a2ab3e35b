import type { ReactNode } from 'react';

const MAX_LINES = 400;

/** Nested values as `a.b` lines; bounded, because a worker may send anything. */
function flatten(value: unknown, path: string, out: [string, string][], depth: number): void {
  if (out.length >= MAX_LINES) return;
  if (depth < 4 && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) {
      flatten(inner, path ? `${path}.${key}` : key, out, depth + 1);
    }
    return;
  }
  out.push([path, typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))]);
}

/** What a worker told about itself, line by line. */
export function KeyValues(props: { readonly title: string; readonly value: unknown }): ReactNode {
  const lines: [string, string][] = [];
  if (props.value !== null && props.value !== undefined) flatten(props.value, '', lines, 0);
  return (
    <div className="cell kv-cell">
      <div className="head">
        <h2>{props.title}</h2>
        <span className="more">{lines.length > 0 ? `${lines.length} lines` : ''}</span>
      </div>
      {lines.length === 0 ? <p className="dim">The worker has not told this yet.</p> : null}
      <dl className="kv">
        {lines.map(([key, value]) => (
          <div key={key}>
            <dt className="mono">{key}</dt>
            <dd className="mono">{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
