import { DateTime } from 'luxon';
import { HOUR, type Report } from '@vacancy/shared';

/** Up to where the figures go, Unix ms: the end of the period, or now while it is open. */
export function untilOf({ end, timezone, generated_at, open }: Report): number {
  return open ? generated_at : dayStart(end, timezone);
}

const dayStart = (date: string, timezone: string): number => DateTime.fromISO(date, { zone: timezone }).startOf('day').toMillis();

/** Hours of all cards together: observed, held by somebody who is known, and held while the card did not compute. */
export function cardTime(report: Report): { observed: number; held: number; idle: number } {
  const length = (untilOf(report) - dayStart(report.start, report.timezone)) / HOUR;
  const cards = report.servers.flatMap((server) => server.gpus);
  return {
    observed: length * cards.reduce((sum, card) => sum + card.coverage, 0),
    held: report.users.reduce((sum, user) => sum + user.gpu_hours_fair, 0),
    idle: cards.reduce((sum, card) => sum + card.occupied_idle_hours, 0),
  };
}
