/** Writes deploy/grafana/*.json: node deploy/dashboards/src/write-dashboards.ts */
import { writeFile } from 'node:fs/promises';
import { generated } from './generated.ts';
import { GRAFANA, textOf } from './files.ts';

for (const [name, built] of generated()) await writeFile(new URL(name, GRAFANA), textOf(built));
