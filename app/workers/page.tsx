export { WorkersPage as default } from '@/components/workers/workers-page.tsx';
