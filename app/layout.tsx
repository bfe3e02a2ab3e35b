import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import { BASE_PATH } from '@/components/data/base-path.ts';
import { Providers } from '@/components/shell/providers.tsx';
import './globals.css';

/** Without a title: each page writes its own. */
export const metadata: Metadata = {
  description: 'Watches and steers Celery workers and their tasks.',
  robots: { index: false },
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  colorScheme: 'light dark',
};

export default function Layout({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <html lang="en" suppressHydrationWarning>
      <body>
        {/* Runs before the first paint, so it waits for nothing. Not in the head: the server writes its own script there. */}
        <script src={`${BASE_PATH}/theme.js`} />
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
