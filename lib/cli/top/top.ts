import type { Celery } from '../../app/celery.ts';
import { toError } from '../../contract/errors.ts';
import { EventReceiver } from '../../events/receiver.ts';
import { Monitor } from '../../monitor/monitor.ts';
import { nowSeconds } from '../../util/clock.ts';
import { maskText } from '../../util/mask.ts';
import { onEndSignal } from '../until-signal.ts';
import { detailsOf } from './details.ts';
import type { Key } from './keys.ts';
import { pageOf, paint, type Scene } from './paint.ts';
import { Terminal } from './terminal.ts';
import { type Action, FIRST_VIEW, press, type View } from './view.ts';

const MAX_TASKS = 2000;
const FRAME_MS = 250;
const NOTE_MS = 5000;

/** `umbel events`: the live screen, until a key or a signal ends it. Its memory is bounded, whatever is going on. */
export async function runTop(app: Celery): Promise<void> {
  const transport = await app.transport();
  const top = new Top(app, transport.displayUrl);
  const receiver = new EventReceiver({
    transport,
    exchange: app.conf.event_exchange,
    onEvents: (events) => top.apply(events),
  });
  await receiver.start();
  await app.control.heartbeat();
  await top.run();
  await receiver.stop();
}

class Top {
  readonly #app: Celery;
  readonly #broker: string;
  readonly #monitor = new Monitor({ maxTasks: MAX_TASKS });
  readonly #terminal = new Terminal(
    (key) => this.#press(key),
    () => this.#draw(),
  );
  #view: View = FIRST_VIEW;
  /** While paused: the tasks as they were. */
  #frozen: Scene['tasks'] | null = null;
  #paneText = '';
  #note = '';
  #noteTimer: NodeJS.Timeout | null = null;
  #quit: () => void = () => {};

  constructor(app: Celery, broker: string) {
    this.#app = app;
    this.#broker = broker;
  }

  apply(events: Parameters<Monitor['apply']>[0]): void {
    this.#monitor.apply(events, nowSeconds());
  }

  async run(): Promise<void> {
    const quit = new Promise<void>((resolve) => {
      this.#quit = resolve;
    });
    const stopListening = onEndSignal(() => this.#quit());
    this.#terminal.open();
    const frames = setInterval(() => {
      this.#monitor.tick(nowSeconds());
      this.#draw();
    }, FRAME_MS);
    this.#draw();
    try {
      await quit;
    } finally {
      clearInterval(frames);
      if (this.#noteTimer !== null) clearTimeout(this.#noteTimer);
      this.#terminal.close();
      stopListening();
    }
  }

  #press(key: Key): void {
    const scene = this.#scene();
    const uuids = scene.tasks.map(({ uuid }) => uuid);
    const { view, action } = press(this.#view, key, uuids, pageOf(scene, this.#terminal.height));
    if (view.isPaused !== this.#view.isPaused) this.#frozen = view.isPaused ? scene.tasks : null;
    this.#view = view;
    if (action !== null) void this.#act(action).catch((error) => this.#tell(toError(error).message));
    this.#draw();
  }

  async #act(action: Action): Promise<void> {
    switch (action.kind) {
      case 'quit':
        this.#quit();
        return;
      case 'load':
        await this.#load(action.uuid, action.pane);
        return;
      case 'revoke':
        await this.#app.control.revoke(action.uuid, { terminate: action.terminate });
        this.#tell(`Told the workers: ${action.uuid} is revoked.`);
        return;
      case 'rate':
        await this.#limitRate(action.uuid, action.rate);
    }
  }

  async #load(uuid: string, pane: 'info' | 'result' | 'traceback'): Promise<void> {
    const record = this.#monitor.tasks.get(uuid);
    this.#paneText = record === undefined ? 'This task is forgotten.' : 'Reading …';
    if (record === undefined) return;
    this.#paneText = await detailsOf(this.#app, record, pane);
    this.#draw();
  }

  async #limitRate(uuid: string, rate: string): Promise<void> {
    const name = this.#monitor.tasks.get(uuid)?.facts.name;
    if (!name) {
      this.#tell('The name of this task is not known yet.');
      return;
    }
    const replies = await this.#app.control.rateLimit(name, rate, { reply: true });
    const said = replies
      .flatMap((reply) => Object.values(reply))
      .map((reply) => Object.values(Object(reply))[0]);
    this.#tell(said.length === 0 ? 'No worker answered.' : `${name}: ${String(said[0])}`);
  }

  #tell(note: string): void {
    this.#note = maskText(note);
    if (this.#noteTimer !== null) clearTimeout(this.#noteTimer);
    this.#noteTimer = setTimeout(() => {
      this.#note = '';
    }, NOTE_MS);
    this.#draw();
  }

  #draw(): void {
    const { width, height } = this.#terminal;
    this.#terminal.draw(paint(this.#scene(), width, height));
  }

  #scene(): Scene {
    const now = nowSeconds();
    return {
      broker: this.#broker,
      workers: this.#monitor.workerRows(now),
      tasks: this.#frozen ?? this.#tasks(),
      taskCount: this.#monitor.tasks.size,
      perSecond: this.#monitor.finished.perSecond(now),
      view: this.#view,
      paneText: this.#paneText,
      note: this.#note,
      isColored: !process.env['NO_COLOR'],
    };
  }

  #tasks(): Scene['tasks'] {
    return [...this.#monitor.tasks.values()].reverse().map(({ uuid, state, facts }) => ({
      uuid,
      name: facts.name ?? '',
      worker: facts.worker ?? '',
      at: facts.timestamp,
      state,
    }));
  }
}
