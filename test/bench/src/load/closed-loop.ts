/**
 * Saturation: a fixed number of connections, each sending its next request as soon as the last is answered. Gives the
 * most a subject can do and, because its core is then never idle, a steady CPU cost per request. Latencies of a closed
 * loop mean nothing (a slow subject is simply asked less often) and are not taken; see open-loop.ts.
 */
import { nowMicros } from '../clock.ts';
import { Connection } from './connection.ts';
import { type Recipe, requestBytes } from './request.ts';
import type { Tally } from './tally.ts';
import { AnswerCheck } from './verified.ts';

/** After the end of the measure, for what is still under way. */
const DRAIN_WITHIN_MS = 10_000;

export interface ClosedLoop {
  recipe: Recipe;
  connections: number;
  durationMs: number;
}

export interface ClosedLoopResult extends Tally {
  elapsedMs: number;
  /** How many were answered on each connection, by its port on the client's side. */
  answeredOn: [port: number, answered: number][];
}

export async function runClosedLoop(task: ClosedLoop, expected: Buffer): Promise<ClosedLoopResult> {
  const request = requestBytes(task.recipe);
  const tally: Tally = { sent: 0, answered: 0, wrong: 0, broken: 0 };
  const finished = Promise.withResolvers<void>();
  let until = Number.POSITIVE_INFINITY;
  let busy = 0;
  const idle = () => {
    busy -= 1;
    if (busy === 0) finished.resolve();
  };

  const open = async () => {
    const check = new AnswerCheck(expected);
    let answered = 0;
    const connection = await Connection.open(task.recipe.port, {
      head: (status) => check.head(status),
      body: (bytes) => check.body(bytes),
      end: () => {
        tally.answered += 1;
        answered += 1;
        if (!check.right) tally.wrong += 1;
        next();
      },
      broken: () => {
        tally.broken += 1;
        idle();
      },
    });
    const next = () => {
      if (performance.now() >= until) {
        idle();
        return;
      }
      tally.sent += 1;
      connection.send(request);
    };
    return { connection, next, port: connection.port ?? 0, answered: () => answered };
  };

  const opened = await Promise.all(Array.from({ length: task.connections }, open));
  const started = nowMicros();
  until = performance.now() + task.durationMs;
  busy = opened.length;
  for (const { next } of opened) next();
  const timer = setTimeout(() => finished.resolve(), task.durationMs + DRAIN_WITHIN_MS);
  await finished.promise;
  clearTimeout(timer);
  const elapsedMs = (nowMicros() - started) / 1000;
  for (const { connection } of opened) connection.close();
  return { ...tally, elapsedMs, answeredOn: opened.map(({ port, answered }) => [port, answered()]) };
}
