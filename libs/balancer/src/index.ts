export { createPicker, type PickerName, pickerNames } from './create-picker.ts';
export type { Candidate, Picker, Skip } from './picker.ts';
export { weightedRandomPicker } from './weighted-random.ts';
