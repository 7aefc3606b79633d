import { VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promptFactor } from './first-token-time.ts';
import { type LeaseHost, type Passes, TargetLease } from './lease.ts';
import { WaitingLine } from './waiting-line.ts';

const pass = { probes: false, leave: () => undefined };
const passes: Passes = { breaker: pass, quarantine: pass, capacity: undefined };
const host: LeaseHost = {
  firstToken: () => undefined,
  faultAfterProof: () => undefined,
  settled: () => undefined,
};

function setUp() {
  const clock = new VirtualClock();
  const lease = (promptTokens = 1000) => new TargetLease(clock, { promptTokens, stream: true }, 0, passes, host);
  return { clock, lease, line: new WaitingLine() };
}

describe('WaitingLine', () => {
  it('says nothing when nobody waits', () => {
    expect(setUp().line.oldestWaitMs(1000)).toBeUndefined();
  });

  it('says how long its oldest has waited, and then the next', async () => {
    const { clock, lease, line } = setUp();
    const first = lease();
    line.join(first);
    await clock.advance(300);
    const second = lease();
    line.join(second);
    await clock.advance(200);
    expect(line.oldestWaitMs(clock.nowMs())).toBe(500);
    line.leave(first);
    expect(line.oldestWaitMs(clock.nowMs())).toBe(200);
    line.leave(second);
    expect(line.oldestWaitMs(clock.nowMs())).toBeUndefined();
  });

  it('grants a long prompt its longer wait', async () => {
    const { clock, lease, line } = setUp();
    line.join(lease(100_000));
    await clock.advance(1000);
    expect(line.oldestWaitMs(clock.nowMs())).toBeCloseTo(1000 / promptFactor(100_000), 9);
    expect(line.oldestWaitMs(clock.nowMs())).toBeLessThan(1000);
  });

  it('does not mind who leaves twice, or was never there', () => {
    const { lease, line } = setUp();
    const [stays, leaves, stranger] = [lease(), lease(), lease()];
    line.leave(stranger);
    line.join(leaves);
    line.leave(leaves);
    line.leave(leaves);
    line.join(stays);
    line.leave(leaves);
    line.leave(stranger);
    expect(line.oldestWaitMs(7)).toBe(7);
    line.leave(stays);
    line.leave(stays);
    expect(line.oldestWaitMs(7)).toBeUndefined();
  });

  it('keeps nobody alive that has left', () => {
    const { lease, line } = setUp();
    const leases = [lease(), lease(), lease()];
    for (const one of leases) line.join(one);
    for (const one of [leases[1], leases[0], leases[2]]) if (one !== undefined) line.leave(one);
    expect(leases.flatMap(({ older, younger }) => [older, younger])).toEqual(Array(6).fill(undefined));
  });

  it('agrees with a list, whoever joins and leaves in whatever order', async () => {
    // Joining is by those who have just begun; leaving is by anyone, also who has left before or never joined.
    const step = fc.record({ afterMs: fc.nat({ max: 50 }), joins: fc.boolean(), place: fc.nat() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, lease, line } = setUp();
        const all = [lease()];
        const list: TargetLease[] = [];
        for (const { afterMs, joins, place } of steps) {
          await clock.advance(afterMs);
          if (joins) {
            const one = lease();
            all.push(one);
            list.push(one);
            line.join(one);
          } else {
            const one = all[place % all.length];
            if (one === undefined) continue;
            line.leave(one);
            if (list.includes(one)) list.splice(list.indexOf(one), 1);
          }
          const oldest = list[0];
          const waitMs = oldest === undefined ? undefined : clock.nowMs() - oldest.startedAtMs;
          expect(line.oldestWaitMs(clock.nowMs())).toBe(waitMs);
        }
        for (let place = 0; place < all.length; place++) {
          const inLine = list.indexOf(all[place] as TargetLease);
          expect(all[place]?.older).toBe(inLine < 1 ? undefined : list[inLine - 1]);
          expect(all[place]?.younger).toBe(inLine < 0 ? undefined : list[inLine + 1]);
        }
      }),
    );
  });
});
