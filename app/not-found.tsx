import Link from 'next/link';
import type { ReactNode } from 'react';
import { PageFrame } from '@/components/shell/page-frame.tsx';

export default function NotFound(): ReactNode {
  return (
    <PageFrame title="No such page">
      <section className="welcome">
        <h2 className="big">There is no page at this address</h2>
        <p className="mid">A task or worker that is gone still has its page; this address is none of ours.</p>
        <p className="welcome-acts">
          <Link className="btn primary" href="/">
            Overview
          </Link>{' '}
          <Link className="btn" href="/tasks">
            Tasks
          </Link>
        </p>
      </section>
    </PageFrame>
  );
}
