/**
 * Latency at a fixed rate. Requests are due at times fixed beforehand, whether or not earlier ones have been answered,
 * and each latency counts from the time it was due, not from when it got out: a subject that stalls is charged for
 * every request that would have arrived meanwhile (no coordinated omission).
 */
import { nowMicros } from '../clock.ts';
import { percentile } from '../stats.ts';
import { Connection } from './connection.ts';
import { pace } from './pacer.ts';
import { type Recipe, requestBytes } from './request.ts';
import type { Tally } from './tally.ts';
import { AnswerCheck } from './verified.ts';

/** The pacer's thread needs this long to start. */
const LEAD_MICROS = 150_000;
const DRAIN_WITHIN_MS = 10_000;

export interface OpenLoop {
  recipe: Recipe;
  connections: number;
  requestsPerSecond: number;
  durationMs: number;
}

export interface OpenLoopResult extends Tally {
  elapsedMs: number;
  p50Ms: number;
  p99Ms: number;
  /** How late the generator itself was, at worst but one in a hundred: its own share of p99. */
  lateP99Ms: number;
}

interface Line {
  connection: Connection;
  dueMicros: number;
}

export async function runOpenLoop(task: OpenLoop, expected: Buffer): Promise<OpenLoopResult> {
  const request = requestBytes(task.recipe);
  const tally: Tally = { sent: 0, answered: 0, wrong: 0, broken: 0 };
  const latencies: number[] = [];
  const lateness: number[] = [];
  const ticks = Math.round((task.requestsPerSecond * task.durationMs) / 1000);
  const everyMicros = 1_000_000 / task.requestsPerSecond;
  const startMicros = nowMicros() + LEAD_MICROS;
  const free: Line[] = [];
  /** Due, but every connection is busy: their latency is already counting. */
  const waiting: number[] = [];
  const finished = Promise.withResolvers<void>();

  const send = (line: Line, dueMicros: number) => {
    line.dueMicros = dueMicros;
    tally.sent += 1;
    line.connection.send(request);
  };

  const open = async (): Promise<Line> => {
    const check = new AnswerCheck(expected);
    const connection = await Connection.open(task.recipe.port, {
      head: (status) => check.head(status),
      body: (bytes) => check.body(bytes),
      end: () => {
        latencies.push(nowMicros() - line.dueMicros);
        tally.answered += 1;
        if (!check.right) tally.wrong += 1;
        const next = waiting.shift();
        if (next === undefined) free.push(line);
        else send(line, next);
        if (tally.answered + tally.broken >= ticks) finished.resolve();
      },
      broken: () => {
        tally.broken += 1;
        const index = free.indexOf(line);
        if (index >= 0) free.splice(index, 1);
      },
    });
    const line: Line = { connection, dueMicros: 0 };
    return line;
  };

  const lines = await Promise.all(Array.from({ length: task.connections }, open));
  free.push(...lines);
  await pace({ startMicros, everyMicros, ticks }, (tick) => {
    const dueMicros = startMicros + tick * everyMicros;
    lateness.push(nowMicros() - dueMicros);
    const line = free.pop();
    if (line === undefined) waiting.push(dueMicros);
    else send(line, dueMicros);
  });
  const timer = setTimeout(() => finished.resolve(), DRAIN_WITHIN_MS);
  await finished.promise;
  clearTimeout(timer);
  const elapsedMs = (nowMicros() - startMicros) / 1000;
  for (const { connection } of lines) connection.close();
  if (latencies.length === 0) throw new Error('nothing was answered');
  return {
    ...tally,
    sent: tally.sent + waiting.length,
    elapsedMs,
    p50Ms: percentile(latencies, 0.5) / 1000,
    p99Ms: percentile(latencies, 0.99) / 1000,
    lateP99Ms: percentile(lateness, 0.99) / 1000,
  };
}
