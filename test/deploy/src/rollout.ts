/**
 * `npm run rollout [-- --stream-seconds 60] [--streams 60]`: restarts the chart's three pods one after the other, as real
 * processes under load, and says what clients saw. Exit code 1 when a stream was cut or a request failed.
 */
import { parseArgs } from 'node:util';
import { rollOut } from './rollout/rollout.ts';

const { values } = parseArgs({
  options: {
    'stream-seconds': { type: 'string', default: '60' },
    streams: { type: 'string', default: '60' },
  },
});

const report = await rollOut({
  streamSeconds: Number(values['stream-seconds']),
  streams: Number(values.streams),
  say: (line) => console.log(line),
});
const { deployment, problems, ends } = report;
const { preStop } = deployment.container.lifecycle;
console.log(
  `\n${deployment.replicas} pods, ${deployment.surge} beyond them, preStop ${preStop.sleep.seconds} s, ` +
    `grace ${deployment.graceSeconds} s; ${Math.round(report.tookMs / 1000)} s in all`,
);
console.log(
  `streams: ${report.whole} whole, ${problems.filter((words) => words.includes('stream')).length} cut or failed`,
);
console.log(`short requests: ${report.short} answered; tried again, of all: ${report.again}`);
console.log(
  `connections that no pod took: ${report.refused}; pods killed: ${ends.filter((end) => end.isKilled).length}`,
);
for (const words of problems.slice(0, 20)) console.log(words);
process.exitCode = problems.length === 0 ? 0 : 1;
