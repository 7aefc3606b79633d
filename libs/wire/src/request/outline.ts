/**
 * A JSON text with its long strings left out: the same structure for a fraction of the parsing. Nearly all of a large
 * request is the text of a few messages, which Leeward forwards and never reads.
 *
 * Strings are found by their quotation marks alone, which the runtime searches for at memory speed; everything else is
 * kept as it is, so that parsing the outline finds every mistake in the text's grammar but those inside a long string.
 */

/** Below this, parsing the whole costs less than looking for what to leave out. */
const WORTHWHILE_BYTES = 16 * 1024;

/** Shorter strings are names and values that somebody may read. */
const LONG_BYTES = 1024;

/** A text of many short strings, or of many escaped quotation marks, is parsed as fast as it is searched. */
const MAX_MARKS = 512;

/** Stands for a long string: as a model's name it is refused for its length, as the original would have been. */
const PLACEHOLDER = '.'.repeat(300);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Undefined when leaving something out would not pay. */
export function outlineOf(bytes: Buffer): string | undefined {
  if (bytes.length < WORTHWHILE_BYTES) return undefined;
  let outline = '';
  let keptFrom = 0;
  let marks = 0;
  for (let open = bytes.indexOf(QUOTE); open !== -1; ) {
    let close = bytes.indexOf(QUOTE, open + 1);
    while (close !== -1 && isEscaped(bytes, close)) {
      if (++marks > MAX_MARKS) return undefined;
      close = bytes.indexOf(QUOTE, close + 1);
    }
    if (close === -1 || ++marks > MAX_MARKS) return undefined;
    if (close - open > LONG_BYTES) {
      outline += bytes.toString('utf8', keptFrom, open + 1) + PLACEHOLDER;
      keptFrom = close;
    }
    open = bytes.indexOf(QUOTE, close + 1);
  }
  return keptFrom === 0 ? undefined : outline + bytes.toString('utf8', keptFrom);
}

/** After an odd number of backslashes. */
function isEscaped(bytes: Buffer, at: number): boolean {
  let start = at;
  while (bytes[start - 1] === BACKSLASH) start--;
  return (at - start) % 2 === 1;
}
