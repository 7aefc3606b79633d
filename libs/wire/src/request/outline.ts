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

/**
 * A text with a quotation mark at every hundred bytes is parsed as fast as it is searched. The first marks are free:
 * tools and settings come before the long messages.
 */
const FREE_MARKS = 64;
const SPARSE_BYTES = 128;
const MAX_MARKS = 1024;

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
      if (isDense(++marks, close)) return undefined;
      close = bytes.indexOf(QUOTE, close + 1);
    }
    if (close === -1 || isDense(++marks, close)) return undefined;
    if (close - open > LONG_BYTES) {
      outline += bytes.toString('utf8', keptFrom, open + 1) + PLACEHOLDER;
      keptFrom = close;
    }
    open = bytes.indexOf(QUOTE, close + 1);
  }
  return keptFrom === 0 ? undefined : outline + bytes.toString('utf8', keptFrom);
}

function isDense(marks: number, readBytes: number): boolean {
  return marks > FREE_MARKS && (marks > MAX_MARKS || readBytes < marks * SPARSE_BYTES);
}

/** After an odd number of backslashes. */
function isEscaped(bytes: Buffer, at: number): boolean {
  let start = at;
  while (bytes[start - 1] === BACKSLASH) start--;
  return (at - start) % 2 === 1;
}
