/**
 * The page's one connection to its gateway. On every start it asks for what came before (the history, the last
 * decisions), then it listens. A hidden page stops listening, so that a forgotten tab costs the gateway nothing. A view
 * that does not come for a while is told as such: old numbers must not look like new ones.
 */
import type { Decision, History, View } from './view.ts';

export type Connection = 'connecting' | 'live' | 'lost';

export interface FeedEvents {
  readonly view: (view: View) => void;
  readonly past: (history: History, decisions: readonly Decision[]) => void;
  readonly connection: (connection: Connection) => void;
}

/** Views come once a second: three that are missing are no accident of the network. */
const LOST_AFTER_MS = 3500;

const SHOWN_DECISIONS = 100;

/** The gateway has room for so many listeners; one that was refused asks again after this. */
const RETRY_MS = 3000;

export class LiveFeed {
  #source: EventSource | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;

  /** Answers how to stop. */
  start(events: FeedEvents): () => void {
    const open = (): void => {
      if (this.#source !== undefined || document.hidden) return;
      events.connection('connecting');
      const source = new EventSource('/admin/events');
      this.#source = source;
      source.addEventListener('open', () => void askPast(events));
      source.addEventListener('view', ({ data }: MessageEvent<string>) => {
        this.#expectNext(events);
        events.connection('live');
        events.view(JSON.parse(data) as View);
      });
      source.addEventListener('error', () => {
        events.connection('lost');
        // Refused rather than broken: the browser would not come again by itself.
        if (source.readyState !== EventSource.CLOSED) return;
        this.#close();
        this.#watchdog = setTimeout(open, RETRY_MS);
      });
    };
    const follow = (): void => {
      if (document.hidden) this.#close();
      else open();
    };
    document.addEventListener('visibilitychange', follow);
    open();
    return () => {
      document.removeEventListener('visibilitychange', follow);
      this.#close();
    };
  }

  #expectNext(events: FeedEvents): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => events.connection('lost'), LOST_AFTER_MS);
  }

  #close(): void {
    clearTimeout(this.#watchdog);
    this.#source?.close();
    this.#source = undefined;
  }
}

async function askPast(events: FeedEvents): Promise<void> {
  try {
    const [history, { decisions }] = await Promise.all([
      read<History>('/admin/history'),
      read<{ decisions: readonly Decision[] }>(`/admin/decisions?limit=${SHOWN_DECISIONS}`),
    ]);
    events.past(history, decisions);
  } catch {
    // Without a past the page shows the present, and the next connection asks again.
  }
}

async function read<Body>(path: string): Promise<Body> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as Body;
}
