/** What the sky does to a target for a while. What is absent is fair. */
export interface Weather {
  /** Factor on the first token's time and on each token's. */
  readonly slowness: number;
  /** Share of requests that fail: half with a 503, half with a reset. At 1 running streams are reset as well. */
  readonly faultShare: number;
  /** Share of answers whose socket is reset somewhere in the middle. */
  readonly breakShare: number;
  /** Takes requests and says nothing; running streams stop as well. */
  readonly silent: boolean;
  /** The vendor has no capacity for the model (429/3505). */
  readonly full: boolean;
  /** The vendor rejects the key (401). */
  readonly revoked: boolean;
  /** Share of the usual slots. */
  readonly slotShare: number;
}

export const FAIR: Weather = {
  slowness: 1,
  faultShare: 0,
  breakShare: 0,
  silent: false,
  full: false,
  revoked: false,
  slotShare: 1,
};

/** One target's weather from one moment to another, from the first until just before the second. */
export interface Spell {
  readonly target: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly weather: Partial<Weather>;
  /** Whether a router should keep away meanwhile; the measures look at the traffic of these. */
  readonly isBad: boolean;
}

/** Answers what a target's weather is at a moment; spells of one target do not overlap, the earlier listed wins. */
export function forecast(spells: readonly Spell[]): (target: string, atMs: number) => Weather {
  const byTarget = Map.groupBy(
    spells.map((spell) => ({ ...spell, weather: { ...FAIR, ...spell.weather } })),
    ({ target }) => target,
  );
  return (target, atMs) => {
    for (const spell of byTarget.get(target) ?? []) {
      if (atMs >= spell.fromMs && atMs < spell.untilMs) return spell.weather;
    }
    return FAIR;
  };
}
