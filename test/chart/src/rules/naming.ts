import type { Rule } from './rule.ts';

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

/** What Services and labels may be called; other kinds may have more, and none of ours needs it. */
const LONGEST = 63;

/** The longest that a StatefulSet adds to a name before it becomes a label: `-NUMBER`, and a hash. */
const ROOM = 11;

/** Names that an API server takes, each once. */
export const naming: Rule = (release) => {
  const names = release.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  return [
    ...names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${name} is there twice`),
    ...release.objects.flatMap(({ kind, metadata: { name, labels = {} } }) => [
      ...(NAME.test(name) && name.length <= LONGEST ? [] : [`${kind} ${name} is no name`]),
      ...(kind === 'StatefulSet' && name.length > LONGEST - ROOM ? [`${kind} ${name} leaves no room`] : []),
      ...Object.entries(labels)
        .filter(([, value]) => !LABEL.test(value) || value.length > LONGEST)
        .map(([key, value]) => `${kind} ${name}: ${key} cannot be ${value}`),
    ]),
  ];
};
