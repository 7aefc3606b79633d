import { VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Hearsay, type Word } from './hearsay.ts';

const SILENCE: Word = {
  heldForMs: 0,
  holdReason: undefined,
  firstTokenMs: undefined,
  faultShare: 0,
  samples: 0,
  inFlight: 0,
  trips: 0,
};

function setUp() {
  const clock = new VirtualClock();
  const hearsay = new Hearsay(clock);
  const hear = (word: Partial<Word>, ownSamples = 0) => hearsay.hear({ ...SILENCE, ...word }, ownSamples);
  return { clock, hearsay, hear };
}

describe('hearsay', () => {
  it('changes nothing before anybody has spoken, and nothing when they have nothing to say', () => {
    const { hearsay, hear } = setUp();
    const nothing = () => {
      expect([hearsay.isHeld, hearsay.isSuspect, hearsay.inFlight, hearsay.heardMs]).toEqual([
        false,
        false,
        0,
        undefined,
      ]);
      expect([hearsay.firstTokenMs(400), hearsay.faultShare(0.1)]).toEqual([400, 0.1]);
    };
    nothing();
    hear({});
    nothing();
  });

  it('holds for as long as is said, gives the reason meanwhile, and lets go by itself', async () => {
    const { clock, hearsay, hear } = setUp();
    hear({ heldForMs: 1000, holdReason: 'cooldown' });
    await clock.advance(999);
    expect([hearsay.isHeld, hearsay.heldForMs, hearsay.holdReason]).toEqual([true, 1, 'cooldown']);
    await clock.advance(1);
    expect([hearsay.isHeld, hearsay.heldForMs, hearsay.holdReason]).toEqual([false, 0, undefined]);
  });

  it('lets go at once when nobody says so any more, and holds longer when somebody does', async () => {
    const { clock, hearsay, hear } = setUp();
    hear({ heldForMs: 1000, holdReason: 'cooldown' });
    await clock.advance(900);
    hear({ heldForMs: 1000, holdReason: 'cooldown' });
    await clock.advance(900);
    expect(hearsay.isHeld).toBe(true);
    hear({});
    expect(hearsay.isHeld).toBe(false);
  });

  it('counts almost alone where we know nothing, and little where we have just seen for ourselves', () => {
    const { hearsay, hear } = setUp();
    hear({ firstTokenMs: 1000, samples: 50 });
    expect(hearsay.firstTokenMs(400)).toBeGreaterThan(900);
    hear({ firstTokenMs: 1000, samples: 50 }, 100);
    expect(hearsay.firstTokenMs(400)).toBeLessThan(500);
  });

  it('is not louder from a hundred nodes than from a few: fresh samples of our own outweigh them all', () => {
    const { hearsay, hear } = setUp();
    hear({ firstTokenMs: 100, faultShare: 0.5, samples: 5000 }, 30);
    expect(hearsay.firstTokenMs(2000)).toBeGreaterThan(1500);
    expect(hearsay.faultShare(0)).toBeLessThan(0.15);
  });

  it('stays between what we think and what others say, whatever the samples', () => {
    const figure = fc.double({ min: 1, max: 1e6, noNaN: true });
    const samples = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(figure, figure, samples, samples, (own, heard, ownSamples, othersSamples) => {
        const { hearsay, hear } = setUp();
        hear({ firstTokenMs: heard, samples: othersSamples }, ownSamples);
        const blended = hearsay.firstTokenMs(own);
        expect(blended).toBeGreaterThanOrEqual(Math.min(own, heard) * (1 - 1e-9));
        expect(blended).toBeLessThanOrEqual(Math.max(own, heard) * (1 + 1e-9));
      }),
    );
  });
});

describe('breakers open elsewhere', () => {
  it('make the target suspect and dearer; one node that is ill itself does not', () => {
    const { hearsay, hear } = setUp();
    hear({ trips: 1 / 9 });
    expect([hearsay.isSuspect, hearsay.faultShare(0)]).toEqual([false, 0]);
    hear({ trips: 1 });
    expect([hearsay.isSuspect, hearsay.faultShare(0)]).toEqual([true, 0.3]);
    hear({ trips: 40 });
    expect(hearsay.faultShare(0)).toBe(0.3);
    hear({});
    expect([hearsay.isSuspect, hearsay.faultShare(0)]).toEqual([false, 0]);
  });

  it('are refuted by attempts of our own that go well afterwards, until another one opens', () => {
    const { hearsay, hear } = setUp();
    for (let before = 0; before < 50; before++) hearsay.wentWell();
    hear({ trips: 1 });
    for (let after = 0; after < 9; after++) hearsay.wentWell();
    expect(hearsay.isSuspect).toBe(true);
    hearsay.wentWell();
    expect([hearsay.isSuspect, hearsay.faultShare(0)]).toEqual([false, 0]);
    hear({ trips: 1 });
    expect(hearsay.isSuspect).toBe(false);
    hear({ trips: 2 });
    expect(hearsay.isSuspect).toBe(true);
  });
});
