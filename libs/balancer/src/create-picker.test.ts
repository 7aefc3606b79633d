import { seededRng } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { createPicker, pickerNames } from './create-picker.ts';
import { describePicker, noSkip, toy } from './picker.contract.ts';

for (const name of pickerNames)
  describePicker({ name: `${name}, as created`, create: (rng) => createPicker(name, rng) });

/** How many different candidates the requests of one conversation meet. */
function metBy(name: (typeof pickerNames)[number]): number {
  const candidates = Array.from({ length: 5 }, (_, index) => toy(`t${index}`));
  const picker = createPicker(name, seededRng(4));
  return new Set(Array.from({ length: 100 }, () => picker.pick(candidates, noSkip, 'a conversation'))).size;
}

describe('createPicker', () => {
  it.each(pickerNames)('makes a picker that bears the name asked for: %s', (name) => {
    expect(createPicker(name, seededRng(1)).name).toBe(name);
  });

  it('makes the adaptive one where nothing else is said', () => {
    expect(pickerNames[0]).toBe('adaptive');
  });

  it('keeps a conversation at one target with the adaptive picker only', () => {
    expect(metBy('adaptive')).toBe(1);
    expect(metBy('least-in-flight')).toBe(5);
    expect(metBy('weighted-random')).toBe(5);
  });
});
