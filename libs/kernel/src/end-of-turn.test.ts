import { describe, expect, it, vi } from 'vitest';
import { EndOfTurn } from './end-of-turn.ts';

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Runs what `setImmediate` was given by hand, so that a throwing job throws into the test. */
function heldTurns(): { next: () => void; waiting: () => number; [Symbol.dispose]: () => void } {
  const turns: (() => void)[] = [];
  const spy = vi.spyOn(globalThis, 'setImmediate').mockImplementation(((run: () => void) => turns.push(run)) as never);
  return { next: () => turns.shift()?.(), waiting: () => turns.length, [Symbol.dispose]: () => spy.mockRestore() };
}

describe('EndOfTurn', () => {
  it('runs nothing before the turn ends, then all in the order they came', async () => {
    const ran: number[] = [];
    const endOfTurn = new EndOfTurn();
    for (let job = 0; job < 5; job++) endOfTurn.add(() => ran.push(job));
    await Promise.resolve();
    expect(ran).toEqual([]);
    await turn();
    expect(ran).toEqual([0, 1, 2, 3, 4]);
  });

  it('runs each job once, and later ones at the end of their own turn', async () => {
    const ran: string[] = [];
    const endOfTurn = new EndOfTurn();
    endOfTurn.add(() => ran.push('first'));
    await turn();
    endOfTurn.add(() => ran.push('second'));
    expect(ran).toEqual(['first']);
    await turn();
    await turn();
    expect(ran).toEqual(['first', 'second']);
  });

  it('leaves what a job adds to the next turn, so that jobs cannot keep a turn from ending', () => {
    using turns = heldTurns();
    const ran: string[] = [];
    const endOfTurn = new EndOfTurn();
    endOfTurn.add(() => {
      ran.push('outer');
      endOfTurn.add(() => ran.push('inner'));
    });
    turns.next();
    expect(ran).toEqual(['outer']);
    turns.next();
    expect(ran).toEqual(['outer', 'inner']);
  });

  it('asks for one end of turn, however many jobs wait for it', () => {
    using turns = heldTurns();
    const endOfTurn = new EndOfTurn();
    for (let job = 0; job < 100; job++) endOfTurn.add(() => undefined);
    expect(turns.waiting()).toBe(1);
    turns.next();
    expect(turns.waiting()).toBe(0);
  });

  it('lets a job’s error out, and runs the others all the same, in their order', () => {
    using turns = heldTurns();
    const ran: string[] = [];
    const endOfTurn = new EndOfTurn();
    endOfTurn.add(() => {
      endOfTurn.add(() => ran.push('added meanwhile'));
    });
    endOfTurn.add(() => {
      throw new Error('first');
    });
    endOfTurn.add(() => {
      ran.push('second');
    });
    endOfTurn.add(() => {
      throw new Error('third');
    });
    endOfTurn.add(() => {
      ran.push('fourth');
    });
    expect(() => turns.next()).toThrow('first');
    expect(turns.waiting()).toBe(1);
    expect(() => turns.next()).toThrow('third');
    expect(turns.waiting()).toBe(1);
    turns.next();
    expect(ran).toEqual(['second', 'fourth', 'added meanwhile']);
    expect(turns.waiting()).toBe(0);
  });

  it('asks again when the last job is the one that throws, and another comes later', () => {
    using turns = heldTurns();
    const ran: string[] = [];
    const endOfTurn = new EndOfTurn();
    endOfTurn.add(() => {
      throw new Error('alone');
    });
    expect(() => turns.next()).toThrow('alone');
    expect(turns.waiting()).toBe(0);
    endOfTurn.add(() => ran.push('later'));
    turns.next();
    expect(ran).toEqual(['later']);
  });
});
