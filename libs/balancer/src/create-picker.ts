import type { Rng } from '@leeward/kernel';
import { adaptivePicker } from './adaptive.ts';
import { leastInFlightPicker } from './least-in-flight.ts';
import type { Picker } from './picker.ts';
import { withAffinity } from './ring.ts';
import { weightedRandomPicker } from './weighted-random.ts';

/** As configurations name them; the first is the default. */
export const pickerNames = ['adaptive', 'least-in-flight', 'weighted-random'] as const;

export type PickerName = (typeof pickerNames)[number];

export function createPicker(name: PickerName, rng: Rng): Picker {
  switch (name) {
    case 'adaptive':
      return withAffinity(adaptivePicker(rng));
    case 'least-in-flight':
      return leastInFlightPicker(rng);
    case 'weighted-random':
      return weightedRandomPicker(rng);
  }
}
