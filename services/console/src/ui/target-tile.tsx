/** One target at a glance: whether it may be asked and why not, how much of the pool's traffic it has, how fast it is. */
import { count, duration } from '../words/format.ts';
import { stateWords } from '../words/states.ts';
import { still } from './memo.ts';
import { Bar, Dot, headroomMood } from './signs.tsx';

interface TileProps {
  readonly id: string;
  readonly name: string;
  readonly where: string;
  readonly state: string;
  readonly why: string;
  readonly inFlight: number;
  readonly perSecond: string;
  /** Of its pool's traffic, in percent. */
  readonly share: number;
  readonly firstTokenMs: number | undefined;
  readonly load: number;
  /** In percent. */
  readonly headroom: number;
  readonly weight: number;
  readonly onOpen: (target: string) => void;
}

export const TargetTile = still((tile: TileProps) => {
  const { label, mood } = stateWords(tile.state);
  return (
    <button type="button" class={`tile ${mood}`} onClick={() => tile.onOpen(tile.id)}>
      <span class="tile-name">
        <Dot mood={mood} />
        <span class="mono">{tile.name}</span>
        <span class="state">{label}</span>
      </span>
      <span class="where">{tile.where}</span>
      <span class="tile-figures">
        <span>
          <b>{tile.perSecond}</b>/s
        </span>
        <span>
          <b>{duration(tile.firstTokenMs)}</b> first token
        </span>
        <span>
          <b>{count(tile.load)}</b> load
        </span>
        <span>
          <b>{tile.inFlight}</b> in flight
        </span>
      </span>
      <span class="tile-bars">
        <span class="bar-line">
          <span>traffic {tile.share} %</span>
          <Bar share={tile.share / 100} mood="idle" />
        </span>
        <span class="bar-line">
          <span>headroom {tile.headroom} %</span>
          <Bar share={tile.headroom / 100} mood={headroomMood(tile.headroom / 100)} />
        </span>
      </span>
      {tile.why !== '' && <span class="why">{tile.why}</span>}
    </button>
  );
});
