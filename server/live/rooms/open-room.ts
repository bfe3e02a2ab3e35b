import type { RoomRequest } from '../../../lib/contract/live.ts';
import type { Room, RoomContext } from '../room.ts';
import { overviewRoom } from './overview.ts';
import { queuesRoom } from './queues.ts';
import { statusRoom } from './status.ts';
import { taskRoom } from './task.ts';
import { tasksRoom } from './tasks.ts';
import { workerRoom } from './worker.ts';
import { workersRoom } from './workers.ts';

export function openRoom(request: RoomRequest, context: RoomContext): Room {
  switch (request.room) {
    case 'status':
      return statusRoom(context);
    case 'overview':
      return overviewRoom(context, request.range);
    case 'tasks':
      return tasksRoom(context, request.filter);
    case 'task':
      return taskRoom(context, request.uuid);
    case 'workers':
      return workersRoom(context);
    case 'worker':
      return workerRoom(context, request.name);
    case 'queues':
      return queuesRoom(context);
  }
}
