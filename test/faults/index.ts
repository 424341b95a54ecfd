import { parseArgs } from 'node:util';
import { runFaults } from './run.js';
import { table } from './table.js';

// npm run faults: see docs/reliability.md. Whatever it finds, it says so and ends with 0; only a run that could not be made fails.

const { values } = parseArgs({
  options: {
    kills: { type: 'string' }, minutes: { type: 'string' }, seed: { type: 'string' },
    short: { type: 'boolean', default: false }, source: { type: 'boolean', default: false },
  },
});
const number = (text: string | undefined, fallback: number): number => {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`"${text}" is not a number above 0`);
  return value;
};

const kills = number(values.kills, values.short ? 6 : 50);
const seed = number(values.seed, 1 + Math.floor(Math.random() * 999_999));
console.log(`${kills} kills, seed ${seed}; the same seed repeats their order`);
const outcome = await runFaults({
  kills, seed, source: values.source, away_ms: values.short ? 0 : 120_000, say: (line) => console.log(line),
  minutes: values.minutes === undefined ? undefined : number(values.minutes, 1),
});
console.log(`\n${table(outcome)}\n`);
for (const example of outcome.examples) console.log(`  ${example}`);
console.log(`RESULT faults.lost ${outcome.lost} goal <= 0`);
console.log(`RESULT faults.doubled ${outcome.doubled} goal <= 0`);
console.log(`RESULT faults.aggregates_wrong ${outcome.aggregates_wrong} goal <= 0`);
process.exit(0);
