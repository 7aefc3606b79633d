/** Sends the mix at a steady rate, whatever the answers take, and keeps count of what came of it. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { callRaw } from '../raw-client.ts';
import { KINDS, type Kind, type Step, stepOf } from './mix.ts';

export interface Row {
  sent: number;
  right: number;
  /** Answered, but not with what was due. */
  wrong: number;
  /** Not answered: the connection broke, or the answer did not come. */
  broken: number;
}

export interface LoadResult {
  readonly rows: Readonly<Record<Kind, Row>>;
  /** The first few of what went wrong, in words. */
  readonly troubles: readonly string[];
  /** Not sent because too many were waiting. */
  readonly heldBack: number;
}

/** A gateway that answers nothing more must end the run with a count, not the machine with a full memory. */
const MAX_IN_FLIGHT = 2000;
const MAX_TROUBLES = 30;

/** Fine enough that a hundred requests a second do not come in bunches. */
const TICK_MS = 10;

/** Resolves when the time is over and every answer is in. */
export async function sendLoad(options: {
  readonly dataUrl: string;
  readonly perSecond: number;
  readonly forMs: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true });
  const rows = Object.fromEntries(
    KINDS.map((kind): [Kind, Row] => [kind, { sent: 0, right: 0, wrong: 0, broken: 0 }]),
  ) as Record<Kind, Row>;
  const troubles: string[] = [];
  const running = new Set<Promise<void>>();
  let heldBack = 0;
  const startedMs = performance.now();

  const tell = (kind: Kind, trouble: string) => {
    const atS = ((performance.now() - startedMs) / 1000).toFixed(1);
    if (troubles.length < MAX_TROUBLES) troubles.push(`at ${atS} s, ${kind}: ${trouble}`);
  };
  const send = async ({ kind, call, check }: Step): Promise<void> => {
    const row = rows[kind];
    row.sent++;
    try {
      const trouble = check(await callRaw(agent, call));
      if (trouble === undefined) row.right++;
      else {
        row.wrong++;
        tell(kind, trouble);
      }
    } catch (error) {
      row.broken++;
      tell(kind, String(error));
    }
  };
  let index = 0;
  for (
    let elapsedMs = 0;
    elapsedMs < options.forMs && !options.signal.aborted;
    elapsedMs = performance.now() - startedMs
  ) {
    const due = Math.floor((elapsedMs / 1000) * options.perSecond);
    for (; index < due; index++) {
      if (running.size >= MAX_IN_FLIGHT) {
        heldBack++;
        continue;
      }
      const one: Promise<void> = send(stepOf(index, options.dataUrl)).finally(() => running.delete(one));
      running.add(one);
    }
    await sleep(TICK_MS);
  }
  await Promise.all(running);
  agent.destroy();
  return { rows, troubles, heldBack };
}
