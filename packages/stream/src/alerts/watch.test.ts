import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND, type LiveRow } from '@vacancy/shared';
import { NOW, card, row } from '../recommend/fixture.js';
import { AlertWatch, isAlertsState } from './watch.js';

const fine = { lag_ms: 0, store_lag_ms: 0 };
const online = (over: Partial<LiveRow> = {}) => row('gpu01', [card(0), card(1)], { name: '实验室', ...over });
const offline = (since: number) => online({ online: false, offline_since: since });

/** Shows a row for so long, a look a second; what was told, as kind and seconds since the first look. */
function during(watch: AlertWatch, start: number, seconds: number, at: (now: number) => LiveRow | null): [string, number][] {
  const told: [string, number][] = [];
  for (let second = 0; second <= seconds; second++) {
    const now = start + second * SECOND;
    const seen = at(now);
    for (const alert of watch.look({ rows: seen ? [seen] : [], ...fine }, now)) told.push([alert.kind, second]);
  }
  return told;
}
const kinds = (watch: AlertWatch) => watch.list().standing.map(({ kind }) => kind);

describe('alerts', () => {
  it('tell of a server that stays silent, once, and of its return', () => {
    const watch = new AlertWatch();
    expect(during(watch, NOW, 20, () => offline(NOW))).toEqual([]);
    expect(during(watch, NOW + 21 * SECOND, 600, () => offline(NOW))).toEqual([['server_offline', 9]]);
    expect(kinds(watch)).toEqual(['server_offline']);
    expect(watch.list().standing[0]).toMatchObject({ server: 'gpu01', message: '实验室 fell silent', data: { name: '实验室', since: NOW } });
    expect(during(watch, NOW + HOUR, 5, () => online())).toEqual([['server_online', 0]]);
    expect(kinds(watch)).toEqual([]);
    expect(watch.list().recent.map(({ kind, data }) => [kind, data!['since']])).toEqual([['server_online', NOW + HOUR], ['server_offline', NOW]]);
  });

  it('tell of one that comes and goes once in ten minutes, and of no return that nobody waits for', () => {
    const watch = new AlertWatch();
    const flapping = (now: number) => {
      const minute = Math.floor((now - NOW) / MINUTE);
      return minute % 2 === 0 ? offline(NOW + minute * MINUTE) : online();
    };
    expect(during(watch, NOW, 9 * 60, flapping)).toEqual([['server_offline', 30], ['server_online', 60]]);
    expect(during(watch, NOW + 10 * MINUTE, 60, flapping)).toEqual([['server_offline', 30], ['server_online', 60]]);
    expect(during(watch, NOW + 12 * MINUTE, 60, flapping)).toEqual([]);
  });

  it('tell of a card that is not reported any more, also after a pause, and forget it after a day', () => {
    const watch = new AlertWatch();
    during(watch, NOW, 10, () => online());
    const left = online({ gpus: [card(1)] });
    expect(during(watch, NOW + 11 * SECOND, 300, () => left)).toEqual([['gpu_missing', 119]]);
    expect(watch.list().standing[0]).toMatchObject({ message: '实验室: card 0 is not reported any more', data: { cards: '0' } });
    during(watch, NOW + 26 * HOUR, 1, () => left);
    expect(kinds(watch)).toEqual([]);
  });

  it('say nothing of the cards of a server that is offline', () => {
    const watch = new AlertWatch();
    during(watch, NOW, 10, () => online());
    during(watch, NOW + 11 * SECOND, 600, () => ({ ...offline(NOW + 10 * SECOND), gpus: [] }));
    expect(kinds(watch)).toEqual(['server_offline']);
  });

  it('tell of a nearly full disk, and let it rest only when there is room again', () => {
    const watch = new AlertWatch();
    const disk = (hdd_rate: number | null) => () => online({ hdd_rate });
    expect(during(watch, NOW, 1200, disk(94.9))).toEqual([]);
    expect(during(watch, NOW + HOUR, 1200, disk(95))).toEqual([['disk_nearly_full', 600]]);
    during(watch, NOW + 2 * HOUR, 5, disk(93.5));
    expect(kinds(watch)).toEqual(['disk_nearly_full']);
    during(watch, NOW + 3 * HOUR, 5, disk(92.9));
    expect(kinds(watch)).toEqual([]);
    expect(during(watch, NOW + 4 * HOUR, 1200, disk(null))).toEqual([]);
  });

  it('tell of a wrong clock, ahead or behind', () => {
    for (const over of [{ clock_skewed: true }, { health: { clock_offset_ms: 61_000 } }, { health: { clock_offset_ms: -61_000 } }]) {
      expect(during(new AlertWatch(), NOW, 120, () => online(over))).toEqual([['clock_skewed', 60]]);
    }
    expect(during(new AlertWatch(), NOW, 120, () => online({ health: { clock_offset_ms: 59_000 } }))).toEqual([]);
  });

  it('tell of samples that an agent gave up, how many, and not of those before we looked', () => {
    const watch = new AlertWatch();
    const dropped = (spool_dropped: number) => () => online({ health: { spool_dropped } });
    expect(during(watch, NOW, 60, dropped(7))).toEqual([]);
    expect(during(watch, NOW + MINUTE, 60, dropped(12))).toEqual([['spool_dropped', 0]]);
    expect(watch.list().standing[0]!.data).toMatchObject({ dropped: 5 });
    // An agent that was started again counts from nothing.
    during(watch, NOW + 3 * MINUTE, 1, dropped(2));
    expect(watch.list().standing[0]!.data).toMatchObject({ dropped: 7 });
    during(watch, NOW + HOUR, 1, dropped(2));
    expect(kinds(watch)).toEqual([]);
  });

  it('tell of a service that is behind, the screen before the database', () => {
    const watch = new AlertWatch();
    const look = (lag_ms: number, store_lag_ms: number | null, now: number) => watch.look({ rows: [], lag_ms, store_lag_ms }, now).map(({ kind, data }) => [kind, data!['of']]);
    expect(look(29_000, null, NOW)).toEqual([]);
    expect(look(0, 4 * MINUTE, NOW)).toEqual([]);
    expect(look(0, 5 * MINUTE, NOW)).toEqual([['lagging', 'database']]);
    expect(look(90_000, 5 * MINUTE, NOW + 1)).toEqual([]);
    expect(watch.list().standing[0]).toMatchObject({ message: 'The screen is 90 s behind the broker' });
  });

  it('go on after a restart: nothing twice, and nothing forgotten that came meanwhile', () => {
    const before = new AlertWatch();
    during(before, NOW, 1200, () => offline(NOW));
    during(before, NOW + 1200 * SECOND, 700, () => online({ hdd_rate: 97 }));
    const state: unknown = JSON.parse(JSON.stringify(before.state()));
    if (!isAlertsState(state)) throw new Error('not understood');
    const after = new AlertWatch(state);
    expect(during(after, NOW + 2000 * SECOND, 700, () => online({ hdd_rate: 97 }))).toEqual([]);
    expect(after.list().standing).toMatchObject([{ kind: 'disk_nearly_full', data: { since: NOW + 1200 * SECOND } }]);
    expect(during(new AlertWatch(state), NOW + 3000 * SECOND, 5, () => offline(NOW + 2100 * SECOND))).toEqual([['server_offline', 0]]);
  });

  it.each([null, 1, {}, { version: 2, standing: [], recent: [] }, { version: 1, standing: {}, recent: [] }])('a file that holds %j is not understood', (value) => {
    expect(isAlertsState(value)).toBe(false);
  });
});
