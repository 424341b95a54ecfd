#!/usr/bin/env node
// vacancy <command>: the commands stand in packages/stream/src/cli; this only finds their build.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './workspace.mjs';

const entry = path.join(ROOT, 'packages/stream/dist/cli/main.js');
if (existsSync(entry)) await import(entry);
else {
  console.error('Vacancy is not built yet: run "npm start" or "npm run build" first.');
  process.exitCode = 1;
}
