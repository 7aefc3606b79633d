import { expect, it } from 'vitest';
import { RollCall, type Sharer, silentAfterMs } from './roll-call.ts';
import type { BusState } from '../shapes.ts';

const SILENT_MS = silentAfterMs(250);

function sharer(id: string, given: Partial<Sharer> = {}): Sharer {
  return { id, epoch: 1, heardAtMs: 0, draining: false, quotas: new Map(), ...given };
}

/** Who stands how, by id, at a time when this peer was heard as always. */
function callAt(rollCall: RollCall, nowMs: number, others: readonly Sharer[], bus: BusState = 'connected') {
  rollCall.call(sharer('self', { heardAtMs: nowMs }), others, { nowMs, silentMs: SILENT_MS, bus });
  return rollCall.known.map(({ peer, standing }) => `${peer.id} ${standing}`);
}

it('knows this peer alone at first', () => {
  expect(callAt(new RollCall(), 0, [])).toEqual(['self active']);
});

it('lists everyone in the same order at every peer', () => {
  const others = ['b', 'z', 'a'].map((id) => sharer(id));
  expect(callAt(new RollCall(), 0, others)).toEqual(['a active', 'b active', 'self active', 'z active']);
});

it('takes three lost digests for silence, and a word for life again', () => {
  const rollCall = new RollCall();
  expect(callAt(rollCall, SILENT_MS, [sharer('a')])).toContain('a active');
  expect(callAt(rollCall, SILENT_MS + 1, [sharer('a')])).toContain('a silent');
  expect(callAt(rollCall, SILENT_MS + 2, [sharer('a', { heardAtMs: SILENT_MS + 2 })])).toContain('a active');
});

it('remembers a silent peer that the table of peers has forgotten', () => {
  const rollCall = new RollCall();
  callAt(rollCall, 0, [sharer('a')]);
  expect(callAt(rollCall, 30_000, [])).toContain('a silent');
});

it('knows since when a peer has been silent', () => {
  const rollCall = new RollCall();
  for (const nowMs of [0, 2_000, 3_000, 4_000]) callAt(rollCall, nowMs, [sharer('a')]);
  expect(rollCall.known.find(({ peer }) => peer.id === 'a')?.silentSinceMs).toBe(2_000);
});

it('gives up a silent peer after 45 seconds, when at least half are within reach', () => {
  const rollCall = new RollCall();
  callAt(rollCall, 0, [sharer('a')]);
  expect(callAt(rollCall, 44_999, [])).toContain('a silent');
  expect(callAt(rollCall, 45_000, [])).toEqual(['self active']);
});

it('waits for minutes when most are out of reach, for then it is more likely to be the one that was cut off', () => {
  const rollCall = new RollCall();
  callAt(rollCall, 0, [sharer('a'), sharer('b')]);
  expect(callAt(rollCall, 299_999, [])).toEqual(['a silent', 'b silent', 'self active']);
  expect(callAt(rollCall, 300_000, [])).toEqual(['self active']);
});

it('takes everyone for silent at once when it has lost its own bus', () => {
  const rollCall = new RollCall();
  expect(callAt(rollCall, 0, [sharer('a')])).toContain('a active');
  expect(callAt(rollCall, 1, [sharer('a')], 'connecting')).toContain('a silent');
  expect(callAt(rollCall, 2, [sharer('a')])).toContain('a active');
});

it('waits for an hour without a bus of its own', () => {
  const rollCall = new RollCall();
  callAt(rollCall, 0, [sharer('a')]);
  expect(callAt(rollCall, 3_599_999, [], 'connecting')).toContain('a silent');
  expect(callAt(rollCall, 3_600_000, [], 'connecting')).toEqual(['self active']);
});

it('takes one that said goodbye to have left as soon as it is silent, and forgets it when its use is over', () => {
  const rollCall = new RollCall();
  const goodbye = sharer('a', { draining: true });
  expect(callAt(rollCall, SILENT_MS, [goodbye])).toContain('a active');
  expect(callAt(rollCall, SILENT_MS + 1, [goodbye])).toContain('a left');
  expect(callAt(rollCall, 59_999, [])).toContain('a left');
  expect(callAt(rollCall, 60_000, [])).toEqual(['self active']);
});

it('takes the life before for over as soon as the next one is heard', () => {
  const rollCall = new RollCall();
  callAt(rollCall, 0, [sharer('a')]);
  const next = sharer('a', { epoch: 2, heardAtMs: 500 });
  expect(callAt(rollCall, 500, [next])).toEqual(['a left', 'a active', 'self active']);
});

it('does not hear itself among the others', () => {
  expect(callAt(new RollCall(), 0, [sharer('self', { epoch: 9 })])).toEqual(['self active']);
});

it('forgets those who left before those who are there when there are too many', () => {
  const rollCall = new RollCall();
  const lives = (epoch: number, heardAtMs: number) =>
    Array.from({ length: 1_024 }, (_, place) => sharer(`peer-${place}`, { epoch, heardAtMs }));
  callAt(rollCall, 0, lives(1, 0));
  callAt(rollCall, 1, lives(2, 1));
  const known = callAt(rollCall, 2, lives(3, 2));
  expect(known).toHaveLength(2_049);
  expect(known.filter((one) => one.endsWith('active'))).toHaveLength(1_025);
  expect(known).toContain('self active');
});
