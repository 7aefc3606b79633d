/**
 * Reads a multipart/form-data body that is already in memory. A file part keeps its bytes as they came; the number of
 * parts is bounded, and a body that is not a form is `undefined`.
 */
export interface FormFile {
  readonly filename: string;
  readonly mimeType: string;
  readonly bytes: Buffer;
}

export interface Form {
  readonly fields: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, FormFile>;
}

/** More than any surface has fields. */
const MOST_PARTS = 200;

export function parseForm(contentType: string, body: Buffer): Form | undefined {
  const boundary = /boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))/i.exec(contentType);
  if (!contentType.toLowerCase().startsWith('multipart/form-data') || boundary === null) return undefined;
  const delimiter = Buffer.from(`--${boundary[1] ?? boundary[2]}`);
  const fields = new Map<string, string>();
  const files = new Map<string, FormFile>();
  let from = body.indexOf(delimiter);
  for (let part = 0; part < MOST_PARTS && from >= 0; part++) {
    const start = from + delimiter.length;
    const next = body.indexOf(delimiter, start);
    if (next < 0) break;
    // Between delimiters: CRLF, headers, an empty line, the value, CRLF.
    readPart(body.subarray(start + 2, next - 2), fields, files);
    from = next;
  }
  return { fields, files };
}

function readPart(part: Buffer, fields: Map<string, string>, files: Map<string, FormFile>): void {
  const headersEnd = part.indexOf('\r\n\r\n');
  if (headersEnd < 0) return;
  const headers = part.subarray(0, headersEnd).toString('utf8');
  const value = part.subarray(headersEnd + 4);
  const name = /name="([^"]*)"/i.exec(headers)?.[1];
  if (name === undefined) return;
  const filename = /filename="([^"]*)"/i.exec(headers)?.[1];
  if (filename === undefined) {
    fields.set(name, value.toString('utf8'));
    return;
  }
  const mimeType = /^content-type:\s*(.+)$/im.exec(headers)?.[1]?.trim() ?? 'application/octet-stream';
  files.set(name, { filename, mimeType, bytes: Buffer.from(value) });
}
