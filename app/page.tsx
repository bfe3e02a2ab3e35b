export { OverviewPage as default } from '@/components/overview/overview-page.tsx';
