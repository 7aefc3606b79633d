export type { Candidate, Picker, Skip } from './picker.ts';
export { weightedRandomPicker } from './weighted-random.ts';
