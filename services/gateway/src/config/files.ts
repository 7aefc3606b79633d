/** Reading with a bound: what stands at a path is the operator's word, and may be a device without end. */
import { open } from 'node:fs/promises';

/** Answers at most `maxBytes + 1` bytes (one more than allowed tells that there are more); rejects with an errno error. */
export type ReadFile = (path: string, maxBytes: number) => Promise<Uint8Array>;

export const readFileBounded: ReadFile = async (path, maxBytes) => {
  await using file = await open(path, 'r');
  const buffer = Buffer.allocUnsafe(maxBytes + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
};

/** Why a file cannot be read, in words; the system's own text would repeat the path, which may be a pasted secret. */
export function readFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user';
    case 'EISDIR':
      return 'is a directory';
    case 'ELOOP':
      return 'is a symbolic link to itself';
    default:
      return typeof code === 'string' ? `cannot be read (${code})` : 'cannot be read';
  }
}
