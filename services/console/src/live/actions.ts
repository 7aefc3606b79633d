/**
 * What an operator changes by hand. The token, where one is needed, is kept in memory alone: a page that is closed has
 * forgotten it, and no script of another page can read it.
 */
import type { KeyReport } from './view.ts';

export type ActionResult<Body> =
  | { readonly kind: 'done'; readonly body: Body }
  | { readonly kind: 'refused'; readonly status: number; readonly problem: string };

export class Actions {
  #token = '';

  get hasToken(): boolean {
    return this.#token !== '';
  }

  setToken(token: string): void {
    this.#token = token.trim();
  }

  drainNode(drain: boolean): Promise<ActionResult<unknown>> {
    return this.#post('/admin/drain', { drain });
  }

  drainTarget(target: string, drain: boolean): Promise<ActionResult<unknown>> {
    return this.#post('/admin/targets/drain', { target, drain });
  }

  testKey(provider: string, key: string): Promise<ActionResult<KeyReport>> {
    return this.#post('/admin/keys/test', { provider, key });
  }

  async #post<Body>(path: string, body: object): Promise<ActionResult<Body>> {
    try {
      const response = await fetch(path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` }),
        },
        body: JSON.stringify(body),
      });
      const answer: unknown = await response.json();
      if (response.ok) return { kind: 'done', body: answer as Body };
      return { kind: 'refused', status: response.status, problem: problemOf(answer) };
    } catch {
      return { kind: 'refused', status: 0, problem: 'The gateway does not answer.' };
    }
  }
}

function problemOf(answer: unknown): string {
  const error = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : undefined;
  return typeof error === 'string' ? error : 'The gateway refused it.';
}
