/** A part of the page that is drawn anew only when what it is given has changed: two hundred tiles, of which few do. */
import { Component, type ComponentChildren, type FunctionComponent, h } from 'preact';

export function still<Props extends object>(draw: (props: Props) => ComponentChildren): FunctionComponent<Props> {
  class Still extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      return !isSame(this.props, next);
    }

    override render(): ComponentChildren {
      return draw(this.props);
    }
  }
  return (props) => h(Still, props);
}

function isSame(one: object, other: object): boolean {
  const before = one as Readonly<Record<string, unknown>>;
  const after = Object.entries(other);
  return after.length === Object.keys(before).length && after.every(([name, value]) => Object.is(value, before[name]));
}
