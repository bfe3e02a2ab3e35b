import type { ReactNode } from 'react';
import { TaskPage } from '@/components/task/task-page.tsx';

/** One page stands for every task; the server answers each address with it. */
export function generateStaticParams(): { uuid: string }[] {
  return [{ uuid: '_' }];
}

export default function Page(): ReactNode {
  return <TaskPage />;
}
