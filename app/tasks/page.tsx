export { TasksPage as default } from '@/components/tasks/tasks-page.tsx';
