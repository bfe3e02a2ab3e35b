import type { ReactNode } from 'react';
import { WorkerPage } from '@/components/worker/worker-page.tsx';

/** One page stands for every worker; the server answers each address with it. */
export function generateStaticParams(): { name: string }[] {
  return [{ name: '_' }];
}

export default function Page(): ReactNode {
  return <WorkerPage />;
}
