/** A client that remembers everything it is told, can be slow, and can leave. Misuse of it throws. */
import type { Downstream, Served } from '@leeward/failover';

interface StreamedChunk {
  readonly id?: unknown;
  readonly created?: unknown;
  readonly model?: unknown;
  readonly usage?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
  readonly choices?: readonly {
    readonly delta?: { readonly content?: unknown };
    readonly finish_reason?: string | null;
  }[];
}

export class RecordingDownstream implements Downstream {
  readonly writes: Buffer[] = [];
  served: Served | undefined;
  ended = false;
  /** While true, every write says that the client cannot take more. */
  slow = false;
  readonly #leaving = new AbortController();
  #onLeave: () => void = () => undefined;
  #resumes: (() => void)[] = [];

  get signal(): AbortSignal {
    return this.#leaving.signal;
  }

  get left(): boolean {
    return this.#leaving.signal.aborted;
  }

  onLeave(run: () => void): void {
    this.#onLeave = run;
  }

  beginStream(served: Served): void {
    if (this.served !== undefined) throw new Error('the stream began twice');
    this.served = served;
  }

  write(bytes: Buffer): boolean {
    if (this.served === undefined) throw new Error('written before the stream began');
    if (this.ended) throw new Error('written after the end');
    this.writes.push(Buffer.from(bytes));
    return !this.slow;
  }

  onDrain(resume: () => void): void {
    this.#resumes.push(resume);
  }

  end(): void {
    if (this.ended) throw new Error('ended twice');
    this.ended = true;
  }

  leave(): void {
    this.#leaving.abort(new Error('the client left'));
    this.#onLeave();
  }

  /** The client has caught up. */
  drain(): void {
    this.slow = false;
    const resumes = this.#resumes;
    this.#resumes = [];
    for (const resume of resumes) resume();
  }

  /** Everything written, as text. */
  get text(): string {
    return Buffer.concat(this.writes).toString();
  }

  /** The data of each event, comments left out. */
  get events(): readonly string[] {
    return this.text
      .split(/\r?\n\r?\n/)
      .filter((block) => block.startsWith('data: '))
      .map((block) => block.slice('data: '.length));
  }

  get chunks(): readonly StreamedChunk[] {
    return this.events.filter((event) => event !== '[DONE]').map((event) => JSON.parse(event) as StreamedChunk);
  }

  /** What a person would have read. */
  get said(): string {
    return this.chunks.map((chunk) => textOf(chunk.choices?.[0]?.delta?.content)).join('');
  }

  get finishReasons(): readonly string[] {
    return this.chunks.flatMap((chunk) => chunk.choices?.[0]?.finish_reason ?? []);
  }

  /** Whether the stream ended as a whole answer does. */
  get endedWell(): boolean {
    return this.ended && this.events.at(-1) === '[DONE]' && !this.chunks.some((chunk) => chunk.error !== undefined);
  }

  /** The code of the error frame, if the stream ended with one and nothing after it. */
  get errorCode(): unknown {
    return this.ended ? this.chunks.at(-1)?.error?.code : undefined;
  }

  get comments(): number {
    return this.text.split('\n\n').filter((block) => block.startsWith(':')).length;
  }
}

function textOf(content: unknown): string {
  return typeof content === 'string' ? content : '';
}
