/** Vectors out of a text: unit length, the same for the same text and size, in the number types a client may ask for. */
import { hashText, seededRng } from '../seeded-rng.ts';

export type EmbeddingType = 'float' | 'int8' | 'uint8' | 'binary' | 'ubinary';

export function embed(text: string, dimension: number): number[] {
  const rng = seededRng(hashText(text));
  const vector = Array.from({ length: dimension }, () => rng() * 2 - 1);
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => Number((value / length).toFixed(6)));
}

/** The numbers of another type. The binary types pack eight signs into a number. */
export function quantize(vector: readonly number[], type: EmbeddingType): number[] {
  // The largest component of a random unit vector is about three standard deviations of 1/sqrt(n).
  const scale = 127 * Math.sqrt(vector.length / 3);
  const signed = (value: number) => Math.max(-128, Math.min(127, Math.round(value * scale)));
  switch (type) {
    case 'float':
      return [...vector];
    case 'int8':
      return vector.map(signed);
    case 'uint8':
      return vector.map((value) => signed(value) + 128);
    case 'binary':
      return packSigns(vector).map((byte) => byte - 128);
    case 'ubinary':
      return packSigns(vector);
  }
}

/** Little-endian floats of four bytes, or one byte for each small number. */
export function toBase64(numbers: readonly number[], type: EmbeddingType): string {
  if (type !== 'float') return Buffer.from(numbers.map((value) => value & 0xff)).toString('base64');
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, value] of numbers.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}

function packSigns(vector: readonly number[]): number[] {
  const bytes: number[] = [];
  for (const [index, value] of vector.entries()) {
    const at = index >> 3;
    bytes[at] = (bytes[at] ?? 0) | (value > 0 ? 0x80 >> (index & 7) : 0);
  }
  return bytes;
}
