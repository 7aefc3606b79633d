/**
 * One part of the page in each frame. A view changes everything at once; drawn at once, two hundred tiles and the lists
 * below them would hold up a frame for longer than the eye forgives. So each part that is paced waits for a frame of its
 * own, which all together take a fraction of the second until the next view.
 */
import { Component, type ComponentChildren, type FunctionComponent, h } from 'preact';

/** Of parts of the page, each of which is in it at most once. */
const waiting: (() => void)[] = [];

function inItsFrame(draw: () => void): void {
  waiting.push(draw);
  if (waiting.length === 1) requestAnimationFrame(drawNext);
}

function drawNext(): void {
  waiting[0]?.();
  waiting.shift();
  if (waiting.length > 0) requestAnimationFrame(drawNext);
}

/** Drawn at once the first time, and then a frame or some later, with what is newest by then. */
export function paced<Props extends object>(draw: FunctionComponent<Props>): FunctionComponent<Props> {
  class Paced extends Component<Props> {
    #isWaiting = false;
    #isGone = false;

    override shouldComponentUpdate(): boolean {
      if (!this.#isWaiting) {
        this.#isWaiting = true;
        inItsFrame(() => {
          this.#isWaiting = false;
          if (!this.#isGone) this.forceUpdate();
        });
      }
      return false;
    }

    override componentWillUnmount(): void {
      this.#isGone = true;
    }

    override render(): ComponentChildren {
      return h(draw, this.props);
    }
  }
  return (props) => h(Paced, props);
}
