/** Builds a simulator from its options and starts its three listeners: the two personalities and the control API. */
import { type Clock, type Rng, systemClock } from '@leeward/kernel';
import { control } from './control.ts';
import { Counters, type SimulatorState } from './counters.ts';
import { FaultScript } from './faults/fault-script.ts';
import type { FaultRuleInput } from './faults/rule.ts';
import { AT_ONCE, deliver } from './http/delivery.ts';
import { type Listener, listen } from './http/listener.ts';
import { mistralPersonality } from './mistral/mistral-personality.ts';
import { openaiPersonality } from './openai/openai-personality.ts';
import { optionsSchema, type SimulatorOptionsInput } from './options.ts';
import type { Personality, SimulatorParts } from './personality.ts';
import { Limiter } from './quota/limiter.ts';
import { PromptCache } from './quota/prompt-cache.ts';
import { seededRng } from './seeded-rng.ts';
import { serve } from './serve.ts';

export interface Simulator {
  /** Base URLs without a path: `/v1` is the client's to append. */
  readonly mistralUrl: string;
  readonly openaiUrl: string;
  readonly controlUrl: string;
  readonly faults: {
    /** Replaces the script and starts its time anew; throws a ZodError for a rule that is not one. */
    set(rules: readonly FaultRuleInput[]): void;
    clear(): void;
  };
  state(): SimulatorState;
  /** Counters, quota windows, cache and kept things start anew; the fault script is the configured one again. */
  reset(): void;
  close(): Promise<void>;
}

export interface StartOptions extends SimulatorOptionsInput {
  readonly clock?: Clock;
  readonly rng?: Rng;
}

/** Room for the longest script. */
const CONTROL_BODY_BYTES = 4_194_304;

export async function startSimulator({ clock = systemClock, rng, ...input }: StartOptions = {}): Promise<Simulator> {
  const options = optionsSchema.parse(input);
  const chance = rng ?? seededRng(options.seed);
  const parts: SimulatorParts = {
    clock,
    rng: chance,
    options,
    // Chance of its own: ids drawn by traffic do not move the script's draws.
    faults: new FaultScript({ clock, rng: rng ?? seededRng(options.seed + 1) }, options.latency),
    counters: new Counters(),
    limiter: new Limiter(clock, options),
    cache: new PromptCache(options.cacheBlockTokens),
  };
  const mistral = mistralPersonality(parts);
  const openai = openaiPersonality(parts);
  // Parsed rules are valid input as well, so the configured script can be set again.
  const restart = () => parts.faults.set(options.faults);
  const reset = () => {
    parts.counters.reset();
    parts.limiter.reset();
    parts.cache.reset();
    mistral.forget();
    restart();
  };
  restart();
  const controlled = {
    setFaults: (rules: unknown) => parts.faults.set(rules),
    faults: () => parts.faults.list(),
    state: () => parts.counters.state(),
    reset,
  };
  const listeners = await listenAll([
    () => listenAs(parts, mistral, options.port),
    () => listenAs(parts, openai, options.openaiPort),
    () =>
      listen({
        host: options.host,
        port: options.controlPort,
        bodyBytes: CONTROL_BODY_BYTES,
        onRequest: (request, response, body) => control(controlled, request, response, body),
        onTooLarge: (response) => response.writeHead(413, { connection: 'close' }).end(),
      }),
  ]);
  const [mistralUrl = '', openaiUrl = '', controlUrl = ''] = listeners.map((listener) => listener.url);
  return {
    mistralUrl,
    openaiUrl,
    controlUrl,
    faults: {
      set: (rules) => parts.faults.set(rules),
      clear: () => parts.faults.set([]),
    },
    state: () => parts.counters.state(),
    reset,
    close: async () => {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

function listenAs(parts: SimulatorParts, personality: Personality, port: number): Promise<Listener> {
  const { host, bodyBytes } = parts.options;
  return listen({
    host,
    port,
    bodyBytes,
    onRequest: (request, response, body) => serve(parts, personality, request, response, body),
    onTooLarge: (response) => {
      const reply = personality.tooLarge();
      const headers = { ...personality.commonHeaders(), ...reply.headers, connection: 'close' };
      deliver({ clock: parts.clock, response }, { ...reply, headers }, AT_ONCE);
    },
  });
}

/** All, or none: an address that is taken must not leave the others open. */
async function listenAll(starts: readonly (() => Promise<Listener>)[]): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const start of starts) listeners.push(await start());
    return listeners;
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    throw error;
  }
}
