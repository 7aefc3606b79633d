/** The bytes of a client's request, built once per measure: sending it again costs nothing but the write. */
import { MODEL } from '../contract.ts';

export interface Recipe {
  port: number;
  /** What this subject needs beside the usual: its authorization, its routing headers. */
  headers: Readonly<Record<string, string>>;
  promptBytes: number;
  stream: boolean;
}

/** Words, not one letter repeated: a body that a scanner cannot skip cheaply. */
function prompt(bytes: number): string {
  return 'Which side of the ship is sheltered from the wind? '.repeat(Math.ceil(bytes / 51)).slice(0, bytes);
}

export function requestBytes(recipe: Recipe): Buffer {
  const body = JSON.stringify({
    model: MODEL,
    temperature: 0.2,
    max_tokens: 256,
    ...(recipe.stream ? { stream: true } : {}),
    messages: [{ role: 'user', content: prompt(recipe.promptBytes) }],
  });
  const lines = [
    'POST /v1/chat/completions HTTP/1.1',
    `host: 127.0.0.1:${recipe.port}`,
    'content-type: application/json',
    `accept: ${recipe.stream ? 'text/event-stream' : 'application/json'}`,
    ...Object.entries(recipe.headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
