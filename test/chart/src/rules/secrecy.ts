import { PLANTED } from '../cases.ts';
import type { Rule } from './rule.ts';

/** Secrets stand in Secrets and nowhere else: what they hold is not in a ConfigMap, an environment or an argument. */
export const secrecy: Rule = (release) => [
  ...release.objects
    .filter(({ kind }) => kind !== 'Secret')
    .flatMap((object) => {
      const text = JSON.stringify(object);
      return PLANTED.flatMap((secret) => [secret, Buffer.from(secret).toString('base64')])
        .filter((secret) => text.includes(secret))
        .map(() => `${object.kind} ${object.metadata.name} holds a secret`);
    }),
  ...[...release.configText().matchAll(/\b(?:secret|password|credentials|nkeySeed|key): (?<value>\S+)$/gm)]
    .map(({ groups }) => groups?.['value'] ?? '')
    .filter((value) => !/^(?:env|file):/.test(value))
    .map(() => 'leeward.yaml holds a secret instead of saying where it is'),
  ...mountedFiles(release),
];

/** What the config reads from files is mounted, and as a folder: a file alone would never change. */
const mountedFiles: Rule = (release) => {
  const { spec, containers } = release.gateway();
  const mounts = containers.find(({ name }) => name === 'leeward')?.volumeMounts ?? [];
  const paths = [...release.configText().matchAll(/\bfile:(?<path>\/\S+)/g)].map(
    ({ groups }) => groups?.['path'] ?? '',
  );
  const unmounted = paths.filter((path) => !mounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`)));
  const secrets = (spec.volumes ?? []).flatMap(({ secret }) => secret ?? []);
  return [
    ...unmounted.map((path) => `leeward.yaml reads ${path}, which is not mounted`),
    ...mounts.filter(({ subPath }) => subPath !== undefined).map(({ name }) => `${name} is mounted as one file`),
    ...secrets.filter(({ defaultMode }) => defaultMode !== 0o440).map(() => 'a Secret’s files may be read by anybody'),
  ];
};
