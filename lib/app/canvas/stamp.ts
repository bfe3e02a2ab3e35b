import type { Signature } from '../../protocol/signature.ts';
import { listOption } from './links.ts';
import { bodyOf, headerOf, isChain, isChord, isGroup, tasksOf, withTasks } from './parts.ts';

/** Values to find tasks by, in the header `stamps` of each message. */
export type Stamps = Readonly<Record<string, unknown>>;

/** Stamps every task of a signature, and what is linked to it (celery/canvas.py `stamp`, without visitors). */
export function stamp(signature: Signature, stamps: Stamps): Signature {
  const linked = stampLinks(signature, stamps);
  if (isChord(linked)) {
    const header = tasksOf(headerOf(linked)).map((member) => stamp(member, stamps));
    return { ...linked, kwargs: { ...linked.kwargs, header, body: stamp(bodyOf(linked), stamps) } };
  }
  if (isChain(linked) || isGroup(linked)) {
    return withTasks(
      linked,
      tasksOf(linked).map((task) => stamp(task, stamps)),
    );
  }
  const { stamped_headers: known } = linked.options;
  const names = new Set([...(Array.isArray(known) ? known.map(String) : []), ...Object.keys(stamps)]);
  return { ...linked, options: { ...linked.options, ...stamps, stamped_headers: [...names] } };
}

function stampLinks(signature: Signature, stamps: Stamps): Signature {
  const options = { ...signature.options };
  for (const name of ['link', 'link_error']) {
    const list = listOption(options, name);
    if (list.length > 0) options[name] = list.map((item) => stamp(item, stamps));
  }
  return { ...signature, options };
}
