import type { Outcome } from './run.js';

const count = (n: number): string => n.toLocaleString('en-US');
const s = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** A Markdown table, as it stands in docs/reliability.md. */
export function table(outcome: Outcome): string {
  const { killed, views } = outcome;
  const level = (name: string): string => count(views.find(({ view }) => view === `servers_by_${name}`)?.samples ?? 0);
  const rows: [string, string][] = [
    ['kill -9', `${count(Object.values(killed).reduce((all, n) => all + n, 0))} in ${outcome.seconds} s: ${Object.entries(killed).map(([target, n]) => `${target} ${n}`).join(', ')}; ${outcome.together} of them together with another`],
    ['nats-server restarted · engine stopped', `${outcome.broker_restarts} · ${outcome.stops}, at most for ${s(outcome.longest_stop_ms)}`],
    ['load', `${outcome.rate} samples/s of 4 servers with ${outcome.cards} cards in all, in ${outcome.runs} runs of their sequences; nats-server ${outcome.nats}`],
    ['samples published · rows in raw', `${count(outcome.published)} · ${count(outcome.rows)}`],
    ['samples by minute · hour · day', ['minute', 'hour', 'day'].map(level).join(' · ')],
    ['samples by week · month · year', ['week', 'month', 'year'].map(level).join(' · ')],
    ['lost · doubled · holes in sequences · set aside', [outcome.lost, outcome.doubled, outcome.holes, outcome.set_aside].map(count).join(' · ')],
    ['figures of the views recomputed · wrong', `${count(outcome.figures)} · ${count(outcome.aggregates_wrong)}`],
    ['unclean starts · blocks mended after them', `${outcome.unclean_starts} · ${outcome.repairs}`],
    ['longest catch-up of the database', s(outcome.longest_catch_up_ms)],
  ];
  return ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}
