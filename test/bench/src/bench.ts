/**
 * The bench itself: upstream and load generator on one core, the subjects on another, and around each load the
 * readings of who used which core. One load runs at a time; the subjects that wait sit idle.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clientPortsOf } from './client-ports.ts';
import type { StreamShape } from './contract.ts';
import { allowedCores, type CpuLedger, coreBusyMicros, cpuMicros, findLedger, processTree, resident } from './cpu.ts';
import { isBeyond } from './demand.ts';
import type { ClosedLoopResult } from './load/closed-loop.ts';
import type { OpenLoopResult } from './load/open-loop.ts';
import type { StreamsResult } from './load/streams.ts';
import type { Tally } from './load/tally.ts';
import type { FirstAnswer, LoadTask } from './load/tasks.ts';
import * as plan from './plan.ts';
import { pin, type Processes } from './processes.ts';
import { call } from './rpc.ts';
import { type Figure, findTrouble, type MeasureId, type Sample } from './sample.ts';
import type { Running, Subject, SubjectName } from './subjects/subject.ts';
import type { UpstreamCounts, UpstreamPorts, UpstreamRequest } from './upstream.ts';

/** A process of ours, asked over its channel. */
interface Aide {
  child: ChildProcess;
  pid: number;
}

interface Measurement<Result> {
  result: Result;
  figures: Partial<Record<Figure, number>>;
  subjectMicros: number;
  trouble: string[];
}

export interface Mounted {
  subject: Subject;
  running: Running;
  /** Whether the upstream's bytes come through unchanged. */
  untouched: boolean;
}

export class Bench {
  readonly #processes: Processes;
  readonly #dir: string;
  readonly #upstream: Aide;
  readonly #load: Aide;
  readonly #ports: UpstreamPorts;
  readonly ledger: CpuLedger = findLedger();
  readonly subjectCore: number;
  readonly loadCore: number;
  #otlpExports = 0;

  private constructor(parts: {
    processes: Processes;
    dir: string;
    upstream: Aide;
    load: Aide;
    ports: UpstreamPorts;
    cores: { subject: number; load: number };
  }) {
    this.#processes = parts.processes;
    this.#dir = parts.dir;
    this.#upstream = parts.upstream;
    this.#load = parts.load;
    this.#ports = parts.ports;
    this.subjectCore = parts.cores.subject;
    this.loadCore = parts.cores.load;
  }

  static async start(processes: Processes, dir: string): Promise<Bench> {
    const [subject, load] = allowedCores();
    if (subject === undefined || load === undefined) {
      throw new Error('two cores are needed: one for the subject, one for the load generator and the upstream');
    }
    // The orchestrator never runs on the subject's core.
    pin(process.pid, load);
    const aide = async (name: string, file: string): Promise<Aide> => {
      const args = [fileURLToPath(new URL(file, import.meta.url))];
      const child = processes.start({ name, file: process.execPath, args, core: load, ipc: true });
      return { child, pid: await processes.ready(child, async () => true) };
    };
    const upstream = await aide('upstream', './upstream.ts');
    const ports = await call<UpstreamPorts>(upstream.child, { op: 'listen' } satisfies UpstreamRequest);
    const worker = await aide('load', './load/worker.ts');
    return new Bench({ processes, dir, upstream, load: worker, ports, cores: { subject, load } });
  }

  /** Exports of traces the sink has taken: that sampling was really on. */
  get otlpExports(): number {
    return this.#otlpExports;
  }

  /** Starts a subject, checks its first answer. */
  async mount(subject: Subject): Promise<Mounted> {
    const running = await subject.start({
      processes: this.#processes,
      dir: this.#dir,
      core: this.subjectCore,
      upstreamPort: this.#ports.port,
      otlpPort: this.#ports.otlpPort,
      upstreamPid: this.#upstream.pid,
    });
    await this.#answerWith({ stream: null, minBodyBytes: 0 });
    const recipe = this.#recipe(running, { promptBytes: plan.SMALL_PROMPT_BYTES, stream: false });
    const { untouched } = await this.#ask<FirstAnswer>({ kind: 'first-answer', recipe });
    return { subject, running, untouched };
  }

  /**
   * Uses every path once at some length, so that compilers and connection pools are warm. Kept of it is only the CPU
   * of a small request at its end: what the subject can be asked for.
   */
  async warmUp(
    mounted: Mounted,
    lengths: { durationMs: number; bodies: boolean; streams: boolean },
  ): Promise<{ cpuMicros: number }> {
    const small = (share: number) =>
      this.#closedLoop(mounted.running, {
        promptBytes: plan.SMALL_PROMPT_BYTES,
        connections: plan.SMALL_CONNECTIONS,
        durationMs: lengths.durationMs * share,
      });
    await small(0.8);
    const { subjectMicros, result } = await small(0.2);
    const cpuMicros = subjectMicros / result.answered;
    if (lengths.bodies) {
      for (const { promptBytes, connections } of plan.BODIES) {
        await this.#closedLoop(mounted.running, { promptBytes, connections, durationMs: lengths.durationMs / 10 });
      }
    }
    if (lengths.streams && !isBeyond('streams', cpuMicros)) {
      await this.#streams(mounted.running, { streams: 100, shape: { chunks: 10, intervalMs: 50 } });
    }
    return { cpuMicros };
  }

  async small(mounted: Mounted, options: { round: number; durationMs: number }): Promise<Sample> {
    const load = {
      promptBytes: plan.SMALL_PROMPT_BYTES,
      connections: plan.SMALL_CONNECTIONS,
      durationMs: options.durationMs,
    };
    const measured = await this.#closedLoop(mounted.running, load);
    return saturation(mounted.subject.name, 'small', options.round, measured);
  }

  /**
   * Saturation of a node of several processes, of which `alone` has the subjects' core to itself while the others are on
   * the load's: its own CPU per request, and what the node's first process uses for one.
   */
  async worker(mounted: Mounted, options: { round: number; durationMs: number; alone: number }): Promise<Sample> {
    const { running, subject } = mounted;
    const { round, durationMs, alone } = options;
    const connections = plan.SMALL_CONNECTIONS * (processTree(running.pid).length - 1);
    const primaryBefore = cpuMicros([running.pid], this.ledger);
    const midway = pause(durationMs / 2).then(() => clientPortsOf(alone, running.port));
    const load = { promptBytes: plan.SMALL_PROMPT_BYTES, connections, durationMs };
    const { result, figures, subjectMicros, trouble } = await this.#closedLoop(running, load, alone);
    const primaryMicros = cpuMicros([running.pid], this.ledger) - primaryBefore;
    const ports = await midway;
    const answered = result.answeredOn.reduce((sum, [port, count]) => sum + (ports.has(port) ? count : 0), 0);
    const cpu = { cpuMicros: subjectMicros / answered + primaryMicros / result.answered };
    const rate = { requestsPerSecond: (answered / result.elapsedMs) * 1000 };
    // Looked for too late, on a busy machine, they are closed already.
    const unseen = answered === 0 ? ['no connection of the worker was seen'] : [];
    return {
      round,
      subject: subject.name,
      measure: 'small',
      figures: { ...figures, ...cpu, ...rate },
      trouble: [...trouble, ...unseen],
    };
  }

  async body(
    mounted: Mounted,
    options: { round: number; durationMs: number; body: (typeof plan.BODIES)[number] },
  ): Promise<Sample> {
    const { promptBytes, connections, name } = options.body;
    const load = { promptBytes, connections, durationMs: options.durationMs };
    return saturation(mounted.subject.name, name, options.round, await this.#closedLoop(mounted.running, load));
  }

  async openLoop(mounted: Mounted, options: { round: number; durationMs: number }): Promise<Sample> {
    const { result, figures, subjectMicros, trouble } = await this.#measure<OpenLoopResult>(
      mounted.running,
      { stream: null, minBodyBytes: plan.SMALL_PROMPT_BYTES },
      {
        kind: 'open-loop',
        recipe: this.#recipe(mounted.running, { promptBytes: plan.SMALL_PROMPT_BYTES, stream: false }),
        connections: plan.SMALL_CONNECTIONS,
        requestsPerSecond: plan.OPEN_LOOP_RATE,
        durationMs: options.durationMs,
      },
    );
    const { p50Ms, p99Ms, lateP99Ms } = result;
    return {
      round: options.round,
      subject: mounted.subject.name,
      measure: 'open-loop',
      figures: { ...figures, cpuMicros: subjectMicros / result.answered, p50Ms, p99Ms, lateP99Ms },
      trouble,
    };
  }

  async streams(mounted: Mounted, options: { round: number; shape: StreamShape }): Promise<Sample> {
    const load = { streams: plan.STREAMS, shape: options.shape };
    const { result, figures, subjectMicros, trouble } = await this.#streams(mounted.running, load);
    const { firstTokenP50Ms, firstTokenP99Ms, transitP50Ms, transitP99Ms, stalls, worstStallMs } = result;
    return {
      round: options.round,
      subject: mounted.subject.name,
      measure: 'streams',
      figures: {
        ...figures,
        cpuMicrosPerChunk: subjectMicros / result.chunks,
        firstTokenP50Ms,
        firstTokenP99Ms,
        transitP50Ms,
        transitP99Ms,
        stalls,
        worstStallMs,
      },
      trouble,
    };
  }

  resident(mounted: Mounted) {
    return resident(processTree(mounted.running.pid));
  }

  #recipe(running: Running, shape: { promptBytes: number; stream: boolean }) {
    return { port: running.port, headers: running.headers, ...shape };
  }

  #closedLoop(
    running: Running,
    load: { promptBytes: number; connections: number; durationMs: number },
    alone?: number,
  ) {
    const { promptBytes, connections, durationMs } = load;
    return this.#measure<ClosedLoopResult>(
      running,
      { stream: null, minBodyBytes: promptBytes },
      {
        kind: 'closed-loop',
        recipe: this.#recipe(running, { promptBytes, stream: false }),
        connections,
        durationMs,
      },
      alone,
    );
  }

  #streams(running: Running, load: { streams: number; shape: StreamShape }) {
    return this.#measure<StreamsResult>(
      running,
      { stream: load.shape, minBodyBytes: plan.SMALL_PROMPT_BYTES },
      {
        kind: 'streams',
        recipe: this.#recipe(running, { promptBytes: plan.SMALL_PROMPT_BYTES, stream: true }),
        streams: load.streams,
        spreadMs: plan.STREAM_SPREAD_MS,
        shape: load.shape,
      },
    );
  }

  async #measure<Result extends Tally>(
    running: Running,
    answer: { stream: StreamShape | null; minBodyBytes: number },
    task: LoadTask,
    alone?: number,
  ): Promise<Measurement<Result>> {
    await this.#answerWith(answer);
    await this.#takeCounts();
    const tree = processTree(running.pid);
    const subjectPids = alone === undefined ? tree : [alone];
    const besideLoad = tree.filter((pid) => !subjectPids.includes(pid));
    const read = () => ({
      at: performance.now() * 1000,
      subject: cpuMicros(subjectPids, this.ledger),
      load: cpuMicros([this.#upstream.pid, this.#load.pid, ...besideLoad], this.ledger),
      subjectCore: coreBusyMicros(this.subjectCore),
      loadCore: coreBusyMicros(this.loadCore),
    });
    const before = read();
    const result = await this.#ask<Result>(task);
    const after = read();
    const elapsed = after.at - before.at;
    const subjectMicros = after.subject - before.subject;
    const loadMicros = after.load - before.load;
    // The direct way has nothing on the subject's core, and needs nothing from it.
    const foreignToSubject =
      running.pid === this.#upstream.pid ? 0 : after.subjectCore - before.subjectCore - subjectMicros;
    const foreignToLoad = after.loadCore - before.loadCore - loadMicros;
    return {
      result,
      subjectMicros,
      figures: {
        subjectBusy: subjectMicros / elapsed,
        loadBusy: loadMicros / elapsed,
        foreignBusy: Math.max(0, foreignToSubject, foreignToLoad) / elapsed,
      },
      trouble: findTrouble(result, await this.#takeCounts()),
    };
  }

  #answerWith(answer: { stream: StreamShape | null; minBodyBytes: number }): Promise<void> {
    return call<undefined>(this.#upstream.child, { op: 'answer', ...answer } satisfies UpstreamRequest);
  }

  async #takeCounts(): Promise<UpstreamCounts> {
    const counts = await call<UpstreamCounts>(this.#upstream.child, { op: 'take-counts' } satisfies UpstreamRequest);
    this.#otlpExports += counts.otlpExports;
    return counts;
  }

  #ask<Result>(task: LoadTask): Promise<Result> {
    return call<Result>(this.#load.child, task);
  }
}

function saturation(
  subject: SubjectName,
  measure: MeasureId,
  round: number,
  { result, figures, subjectMicros, trouble }: Measurement<ClosedLoopResult>,
): Sample {
  const cpu = { cpuMicros: subjectMicros / result.answered };
  const rate = { requestsPerSecond: (result.answered / result.elapsedMs) * 1000 };
  return { round, subject, measure, figures: { ...figures, ...cpu, ...rate }, trouble };
}
