import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** What a worker uses of its machine, itself and its pool children together. */
export interface SystemStats {
  /** Of one core; more than 100 with several processes. */
  readonly cpu_percent: number;
  /** Resident set. */
  readonly memory_bytes: number;
  /** 99th percentile of the event loop's delay since the last look, milliseconds. */
  readonly loop_ms: number;
  /** Share of time the event loop was busy, 0 to 1. */
  readonly loop_utilization: number;
  /** How full the disk of the working folder is; null where that cannot be asked. */
  readonly disk_percent: number | null;
}

const RESOLUTION_MS = 20;
/** USER_HZ, fixed at 100 on every Linux that Node runs on. */
const TICK_SECONDS = 0.01;
const PAGE_BYTES = 4096;

/** Measures between two looks; `stop` ends its timer. */
export class SystemMeter {
  readonly #childPids: () => readonly number[];
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #utilization = performance.eventLoopUtilization();
  #at = performance.now();
  #ownCpu = process.cpuUsage();
  /** CPU seconds of each child at the last look. */
  #childCpu = new Map<number, number>();

  constructor(childPids: () => readonly number[]) {
    this.#childPids = childPids;
    this.#delay.enable();
  }

  stop(): void {
    this.#delay.disable();
  }

  async read(): Promise<SystemStats> {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#at) / 1000);
    this.#at = now;
    const pids = this.#childPids().filter((pid) => pid !== process.pid);
    const cpuSeconds = this.#ownSeconds() + this.#childSeconds(pids);
    const memory = pids.reduce((sum, pid) => sum + residentBytes(pid), process.memoryUsage.rss());
    const loop = performance.eventLoopUtilization(this.#utilization);
    this.#utilization = performance.eventLoopUtilization();
    // The histogram holds whole timer intervals; what is above the interval is delay.
    const loopMs = Math.max(0, this.#delay.percentile(99) / 1e6 - RESOLUTION_MS);
    this.#delay.reset();
    return {
      cpu_percent: round((cpuSeconds / seconds) * 100),
      memory_bytes: memory,
      loop_ms: Number.isFinite(loopMs) ? round(loopMs) : 0,
      loop_utilization: round(loop.utilization, 1000),
      disk_percent: await diskPercent(),
    };
  }

  #ownSeconds(): number {
    const { user, system } = process.cpuUsage(this.#ownCpu);
    this.#ownCpu = process.cpuUsage();
    return (user + system) / 1e6;
  }

  #childSeconds(pids: readonly number[]): number {
    const before = this.#childCpu;
    this.#childCpu = new Map();
    let used = 0;
    for (const pid of pids) {
      const total = cpuSecondsOf(pid);
      this.#childCpu.set(pid, total);
      used += Math.max(0, total - (before.get(pid) ?? 0));
    }
    return used;
  }
}

function cpuSecondsOf(pid: number): number {
  const stat = readProc(pid, 'stat');
  // The name may hold spaces and brackets; fields count from behind it: utime is the 14th, stime the 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_SECONDS;
}

function residentBytes(pid: number): number {
  return Number(readProc(pid, 'statm').split(' ')[1] ?? 0) * PAGE_BYTES;
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It has just ended, or this is no Linux: then only the worker's own use is known.
    return '';
  }
}

async function diskPercent(): Promise<number | null> {
  try {
    const { blocks, bfree, bavail } = await statfs(process.cwd());
    const used = blocks - bfree;
    return round((used / Math.max(1, used + bavail)) * 100);
  } catch {
    // The folder is gone, or the system cannot tell.
    return null;
  }
}

function round(value: number, unit = 100): number {
  return Math.round(value * unit) / unit;
}
