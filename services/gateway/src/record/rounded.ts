/** Hundredths, of a millisecond or of whatever it is: finer would be noise. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
