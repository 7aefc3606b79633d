/** The chart's README: a few words, and a table of every value that values.yaml has, written from it. */
import type { Value } from './read-values.ts';

const OPENING = `# Leeward's chart

Runs [Leeward](../../README.md) in Kubernetes 1.27 or newer: gateway pods with rollouts that cut no stream, and NATS over
which they tell each other what they see. [docs/kubernetes.md](../../docs/kubernetes.md) says how to run it.

\`\`\`sh
kubectl create secret generic leeward-keys --from-file=mistral-api-key --from-file=client-key
helm install leeward helm/leeward --set image.repository=IMAGE --set secret.existingSecret=leeward-keys
helm test leeward
\`\`\`

Values are checked by \`values.schema.json\`, \`config\` in them by the gateway's own schema: what is misspelt is refused
before anything changes. This page, the schema and \`files/\` are written by
\`npm exec -- node test/chart/src/write-chart.ts\`.
`;

/** Longer defaults are better read in values.yaml. */
const LONGEST_DEFAULT = 80;

export function readme(values: readonly Value[]): string {
  const plain = values.filter(({ path, isSection }) => path.length === 1 && !isSection);
  const sections = values.filter(({ path, isSection }) => path.length === 1 && isSection);
  const parts = sections.map((section) => {
    const [name = ''] = section.path;
    const inner = values.filter(({ path, isSection }) => path.length > 1 && path[0] === name && !isSection);
    const words = section.meaning === '' ? '' : `${section.meaning}\n\n`;
    return `\n### ${name}\n\n${words}${table(inner)}`;
  });
  return `${OPENING}\n## Values\n\n${table(plain)}${parts.join('')}`;
}

function table(values: readonly Value[]): string {
  const rows = values.map(({ path, meaning, byDefault }) => {
    const text = JSON.stringify(byDefault);
    const cells = [`\`${path.join('.')}\``, meaning, text.length > LONGEST_DEFAULT ? 'see values.yaml' : `\`${text}\``];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  });
  return `| value | meaning | default |\n|---|---|---|\n${rows.join('')}`;
}
