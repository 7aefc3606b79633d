/** Method and path to a handler. `:name` matches one segment; a route without one is a map look-up. */
export interface Match<Handler> {
  readonly handler: Handler;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern<Handler> {
  readonly method: string;
  readonly segments: readonly string[];
  readonly handler: Handler;
}

export class Router<Handler> {
  readonly #exact = new Map<string, Handler>();
  readonly #patterns: Pattern<Handler>[] = [];

  on(method: string, path: string, handler: Handler): this {
    if (path.includes(':')) this.#patterns.push({ method, segments: path.split('/'), handler });
    else this.#exact.set(`${method} ${path}`, handler);
    return this;
  }

  find(method: string, path: string): Match<Handler> | undefined {
    const exact = this.#exact.get(`${method} ${path}`);
    if (exact !== undefined) return { handler: exact, params: {} };
    const segments = path.split('/');
    for (const pattern of this.#patterns) {
      if (pattern.method !== method || pattern.segments.length !== segments.length) continue;
      const params = matchSegments(pattern.segments, segments);
      if (params !== undefined) return { handler: pattern.handler, params };
    }
    return undefined;
  }
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [at, expected] of pattern.entries()) {
    const found = segments[at] ?? '';
    if (expected.startsWith(':')) {
      const value = decode(found);
      if (value === undefined || value === '') return undefined;
      params[expected.slice(1)] = value;
    } else if (expected !== found) return undefined;
  }
  return params;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined; // A stray percent sign names nothing.
  }
}
