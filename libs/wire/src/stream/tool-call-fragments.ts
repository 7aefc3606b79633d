import { toolCallsToMistral } from '../answer/tool-calls.ts';
import { isObject, listOf, stringOf } from '../json.ts';
import type { ToolIds } from '../request/tool-ids.ts';
import type { Json, JsonObject } from '../wire.ts';

/**
 * One choice's tool calls, put together from OpenAI's fragments. Mistral sends a call whole, and its client fails on a
 * fragment without a name.
 */
export class ToolCallFragments {
  readonly #calls = new Map<number, Call>();
  #chars = 0;

  get size(): number {
    return this.#calls.size;
  }

  /** More than is kept: the calls cannot be given out. */
  get overflown(): boolean {
    return this.#chars > MAX_CHARS;
  }

  add(fragments: Json | undefined): void {
    for (const [position, fragment] of listOf(fragments).entries()) {
      if (!isObject(fragment)) continue;
      const index = typeof fragment.index === 'number' ? fragment.index : position;
      if (!this.#calls.has(index) && this.#calls.size >= MAX_CALLS) continue;
      const call = this.#calls.get(index) ?? { id: undefined, name: '', arguments: '' };
      this.#calls.set(index, call);
      const made = isObject(fragment.function) ? fragment.function : {};
      call.id ??= stringOf(fragment.id);
      // Some servers repeat the name in each fragment instead of sending it once.
      if (call.name === '') call.name = stringOf(made.name) ?? '';
      const text = stringOf(made.arguments) ?? '';
      this.#chars += text.length;
      if (!this.overflown) call.arguments += text;
    }
  }

  /** The calls so far, whole, in the order of their indexes. */
  take(ids: ToolIds): JsonObject[] {
    const ordered = [...this.#calls].sort(([left], [right]) => left - right);
    this.#calls.clear();
    return toolCallsToMistral(
      ordered.map(([, call]) => ({ id: call.id, function: { name: call.name, arguments: call.arguments } })),
      ids,
    );
  }
}

interface Call {
  id: string | undefined;
  name: string;
  arguments: string;
}

/** The arguments of all calls of a choice; a model writes some kilobytes. */
const MAX_CHARS = 4 * 1024 * 1024;
/** As many as a request may offer tools. */
const MAX_CALLS = 128;
