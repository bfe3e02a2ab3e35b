'use client';

import { Command } from 'cmdk';
import { useRouter } from 'next/navigation';
import { type ReactNode, useState } from 'react';
import { useTaskSearch } from '../data/use-task-search.ts';
import { useRoom } from '../live/use-room.ts';
import { Dialog } from '../ui/dialog.tsx';
import { ShortId } from '../ui/figures.tsx';
import { taskHref, tasksHref, workerHref } from '../ui/links.ts';
import { rowLook, StateWord } from '../ui/state.tsx';
import { PAGES } from './pages.tsx';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Goes to a page, a worker or a task by its id, name or arguments. */
export function Palette(props: { readonly onClose: () => void }): ReactNode {
  const router = useRouter();
  const [text, setText] = useState('');
  const tasks = useTaskSearch(text.trim());
  const { data: workers } = useRoom<'workers'>({ room: 'workers' });
  const go = (href: string): void => {
    props.onClose();
    router.push(href);
  };
  const id = text.trim();
  return (
    <Dialog isOpen onOpenChange={props.onClose} title="Go to" description="A page, a worker, or a task.">
      <Command className="palette" label="Go to anything" shouldFilter>
        <Command.Input
          className="input palette-input"
          placeholder="page, worker, task id, name or argument"
          value={text}
          onValueChange={setText}
        />
        <Command.List className="palette-list">
          {UUID.test(id) ? (
            <Command.Item value={id} onSelect={() => go(taskHref(id))}>
              Open task <ShortId id={id} />
            </Command.Item>
          ) : null}
          <Command.Group heading="Pages">
            {PAGES.map((page) => (
              <Command.Item key={page.label} value={page.label} onSelect={() => go(page.href)}>
                {page.icon}
                {page.label}
                {page.hint ? <kbd className="kbd">{page.hint}</kbd> : null}
              </Command.Item>
            ))}
          </Command.Group>
          {workers && workers.length > 0 ? (
            <Command.Group heading="Workers">
              {workers.slice(0, 50).map((worker) => (
                <Command.Item
                  key={worker.name}
                  value={worker.name}
                  onSelect={() => go(workerHref(worker.name))}
                >
                  <span className={`dot ${worker.status === 'online' ? '' : 'off'}`} />
                  {worker.name}
                </Command.Item>
              ))}
            </Command.Group>
          ) : null}
          {tasks.length > 0 ? (
            <Command.Group heading="Tasks" forceMount>
              {tasks.map((row) => (
                <Command.Item
                  key={row.uuid}
                  value={`${row.uuid} ${id}`}
                  onSelect={() => go(taskHref(row.uuid))}
                >
                  <StateWord {...rowLook(row)} />
                  <span className="cut grow">{row.name ?? 'unknown task'}</span>
                  <ShortId id={row.uuid} />
                </Command.Item>
              ))}
            </Command.Group>
          ) : null}
          {id ? (
            <Command.Group heading="Search" forceMount>
              <Command.Item value={`search ${id}`} forceMount onSelect={() => go(tasksHref({ text: id }))}>
                Tasks with “<span className="cut">{id}</span>”
              </Command.Item>
            </Command.Group>
          ) : null}
        </Command.List>
      </Command>
    </Dialog>
  );
}
