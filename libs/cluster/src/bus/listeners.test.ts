import { describe, expect, it, vi } from 'vitest';
import { Listeners } from './listeners.ts';

describe('Listeners', () => {
  it('tells all of them, in the order in which they came', () => {
    const listeners = new Listeners<string>();
    const told: string[] = [];
    listeners.add((text) => told.push(`first ${text}`));
    listeners.add((text) => told.push(`second ${text}`));
    listeners.tell('a');
    expect(told).toEqual(['first a', 'second a']);
  });

  it('lets the same function listen twice, and leave once', () => {
    const listeners = new Listeners<string>();
    const run = vi.fn<(text: string) => void>();
    const leave = listeners.add(run);
    listeners.add(run);
    leave();
    leave();
    listeners.tell('a');
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('tells one that joins meanwhile from the next time on', () => {
    const listeners = new Listeners<string>();
    const told: string[] = [];
    listeners.add(() => {
      if (told.length === 0) listeners.add((text) => told.push(text));
      told.push('joined');
    });
    listeners.tell('a');
    listeners.tell('b');
    expect(told).toEqual(['joined', 'joined', 'b']);
  });

  it('lets an error out as uncaught, and tells the others all the same', () => {
    const later = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => undefined);
    const listeners = new Listeners<string>();
    const told: string[] = [];
    listeners.add(() => {
      throw new Error('a fault of ours');
    });
    listeners.add((text) => told.push(text));
    listeners.tell('a');
    expect(told).toEqual(['a']);
    const [thrown] = later.mock.calls[0] ?? [];
    expect(thrown).toThrow('a fault of ours');
    later.mockRestore();
  });

  it('refuses more listeners than there are parts of this program', () => {
    const listeners = new Listeners<string>();
    for (let count = 0; count < 100; count++) listeners.add(() => undefined);
    expect(() => listeners.add(() => undefined)).toThrow('more than 100 listeners');
  });
});
