export { QueuesPage as default } from '@/components/queues/queues-page.tsx';
