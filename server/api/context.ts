import type { Collector } from '../collector/collector.ts';
import type { ControlDesk } from './control-desk.ts';
import type { TaskSender } from './task-sender.ts';

/** What handlers work with. */
export interface ApiContext {
  readonly collector: Collector;
  readonly desk: ControlDesk;
  readonly sender: TaskSender;
  readonly version: string;
  readonly isReadOnly: boolean;
}
