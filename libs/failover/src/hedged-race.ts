/**
 * One attempt, and when its first content is late, another beside it. Whichever brings content first commits, and that
 * moment ends the other (the launches' onCommit sees to it); one that fails before leaves the field to the other. Over
 * when no attempt is running any more.
 */
import type { Clock } from '@leeward/kernel';
import type { AttemptEnd } from './attempt.ts';
import type { ExchangeEnd } from './exchange.ts';
import type { Launch } from './launch.ts';

interface Race {
  /** How long the first may keep everyone waiting. */
  readonly patienceMs: number;
  /** Asked once; undefined when there is to be no second attempt. */
  readonly startHedge: () => Launch | undefined;
  /** What an attempt's end means for the exchange: its end, or undefined when something else may help. */
  readonly judge: (launch: Launch, end: AttemptEnd) => ExchangeEnd | undefined;
}

export async function hedgedRace(clock: Clock, first: Launch, race: Race): Promise<ExchangeEnd | undefined> {
  const late = Promise.withResolvers<'late'>();
  const timer = clock.after(race.patienceMs, () => late.resolve('late'));
  const isLate = (await Promise.race([first.ended, late.promise])) === 'late';
  timer.cancel();
  const hedge = isLate ? race.startHedge() : undefined;
  const running = hedge === undefined ? [first] : [first, hedge];
  let result: ExchangeEnd | undefined;
  while (running.length > 0) {
    const launch = await nextToEnd(running);
    running.splice(running.indexOf(launch), 1);
    const end = race.judge(launch, await launch.ended);
    if (end === undefined) continue;
    result ??= end;
    for (const other of running) other.lose();
  }
  return result;
}

function nextToEnd(running: readonly Launch[]): Promise<Launch> {
  return Promise.race(running.map((launch) => launch.ended.then(() => launch)));
}
