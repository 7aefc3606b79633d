/**
 * What a process and its children have used, from /proc. Of the kernel's three ledgers the finest present is read:
 * nanoseconds in schedstat, microseconds of `se.sum_exec_runtime` in sched, else the 10 ms ticks of utime + stime
 * (fine for a process that is busy for seconds, coarse for one that idles; the report says which was read).
 * The first two are per thread and forget threads that ended, the subjects here keep theirs.
 */
import { readdirSync, readFileSync } from 'node:fs';

export type CpuLedger = 'schedstat' | 'sched' | 'ticks';

/** USER_HZ: 100 on every Linux port that Node runs on. */
const MICROS_PER_TICK = 10_000;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A thread, process or kernel feature that is not there reads as nothing; the callers treat it as zero.
    return '';
  }
}

/** The process itself and everything below it. */
export function processTree(pid: number): number[] {
  const below = threads(pid).flatMap((tid) =>
    read(`/proc/${pid}/task/${tid}/children`).split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...below.flatMap((child) => processTree(child))];
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // It has ended.
  }
}

export function findLedger(): CpuLedger {
  if (Number(read('/proc/self/schedstat').split(' ')[0]) > 0) return 'schedstat';
  return read('/proc/self/sched').includes('se.sum_exec_runtime') ? 'sched' : 'ticks';
}

function threadMicros(path: string, ledger: CpuLedger): number {
  switch (ledger) {
    case 'schedstat':
      return Number(read(`${path}/schedstat`).split(' ')[0] ?? 0) / 1000;
    case 'sched':
      return Number(/se\.sum_exec_runtime\s*:\s*([\d.]+)/.exec(read(`${path}/sched`))?.[1] ?? 0) * 1000;
    case 'ticks': {
      // The name in brackets may hold spaces: fields are counted from its end. 14 and 15 are utime and stime.
      const fields = read(`${path}/stat`)
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MICROS_PER_TICK;
    }
  }
}

export function cpuMicros(pids: readonly number[], ledger: CpuLedger): number {
  let sum = 0;
  for (const pid of pids) {
    if (ledger === 'ticks') sum += threadMicros(`/proc/${pid}`, ledger);
    else for (const tid of threads(pid)) sum += threadMicros(`/proc/${pid}/task/${tid}`, ledger);
  }
  return sum;
}

/**
 * Time of one core since boot that was not idle, whoever used it, the host of a virtual machine included (steal): what
 * tells other work from ours. In ticks, and sampled on most kernels: a few per cent are noise.
 */
export function coreBusyMicros(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(read('/proc/stat'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(' ').map(Number);
  return (user + nice + system + irq + softirq + steal) * MICROS_PER_TICK;
}

export interface Resident {
  nowMiB: number;
  peakMiB: number;
}

export function resident(pids: readonly number[]): Resident {
  const total = (field: string) =>
    pids.reduce((sum, pid) => {
      const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`))?.[1];
      return sum + Number(kib ?? 0) / 1024;
    }, 0);
  return { nowMiB: total('VmRSS'), peakMiB: total('VmHWM') };
}

/** Cores this process may run on, e.g. `0-1,4`. */
export function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s+(.*)$/m.exec(read('/proc/self/status'))?.[1] ?? '';
  return list
    .split(',')
    .filter(Boolean)
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** The processor's name, for the report. */
export function processorName(): string {
  return /^model name\s*:\s*(.*)$/m.exec(read('/proc/cpuinfo'))?.[1] ?? 'unknown processor';
}
