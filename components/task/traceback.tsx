import type { ReactNode } from 'react';

const LIBRARY =
  /node_modules|node:internal|site-packages|dist-packages|\/lib\/python|<frozen |\/umbel\/dist\//;

type Kind = 'lib' | 'own' | 'err' | 'text';

/** Python frames have two lines each: the second belongs to the first. */
function kindsOf(lines: readonly string[]): readonly Kind[] {
  let frame: Kind = 'text';
  return lines.map((line) => {
    const isFrame = /^\s+(at |File ")/.test(line);
    if (isFrame) frame = LIBRARY.test(line) ? 'lib' : 'own';
    else if (!/^\s/.test(line)) frame = 'text';
    if (isFrame || (/^\s/.test(line) && frame !== 'text')) return frame;
    return /^[\w.$]+(Error|Exception|Timeout|Exceeded|Revoked|Reset)?\b.*:/.test(line) &&
      !/^Traceback/.test(line)
      ? 'err'
      : 'text';
  });
}

const CLASSES: Record<Kind, string> = { lib: 'tb-lib', own: 'tb-own', err: 'err', text: '' };

/** A traceback with our own frames lit and those of libraries dimmed. */
export function Traceback({ text }: { readonly text: string }): ReactNode {
  const lines = text.trimEnd().split('\n');
  const kinds = kindsOf(lines);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="code scrolls tb" aria-label="Traceback" tabIndex={0}>
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of a fixed text
        <span key={index} className={CLASSES[kinds[index] ?? 'text']}>
          {`${line}\n`}
        </span>
      ))}
    </section>
  );
}
