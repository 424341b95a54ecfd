import type { BusyTime, Period } from '@vacancy/shared';
import { createFormat, type Format } from '../../format/format.js';
import { useText } from '../../composables/useText.js';
import { isoWeek, step, utc, type LocalDate } from './calendar.js';
import { changeOf, type Unit } from './figures.js';

/** Names of periods and moments in a report's own time zone. */
export function useReportText() {
  const { t, f, locale } = useText();
  const local = (date: LocalDate, options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat(locale.value, { ...options, timeZone: 'UTC' }).format(utc(date));
  /** 1 = Monday; 1 January 2024 was one. */
  const weekdayName = (weekday: number, style: 'long' | 'short' = 'long'): string => local(`2024-01-0${weekday}`, { weekday: style });
  const hourSpan = (hour: number): string => `${String(hour).padStart(2, '0')}:00–${String((hour + 1) % 24).padStart(2, '0')}:00`;

  function periodName(period: Period, start: LocalDate): string {
    if (period === 'day') return local(start, { year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' });
    if (period === 'month') return local(start, { year: 'numeric', month: 'long' });
    if (period === 'year') return local(start, { year: 'numeric' });
    const { year, week } = isoWeek(start);
    return t('reports.week_name', { week, year, from: local(start, { month: 'short', day: 'numeric' }), to: local(step('day', start, 6), { month: 'short', day: 'numeric' }) });
  }

  return {
    local,
    weekdayName,
    periodName,
    formatIn: (timezone: string): Format => createFormat(locale.value, timezone),
    busyTime(period: Period, busy: BusyTime | null): string {
      if (!busy) return f.value.number(null);
      const mean = f.value.percent(busy.cpu_mean, 1);
      if (period === 'year') return t('reports.busy', { when: busy.month ? local(`${busy.month}-01`, { year: 'numeric', month: 'long' }) : '', mean });
      if (period === 'month') {
        const hour = busy.hour === undefined ? '' : t('reports.busy_hour', { hour: hourSpan(busy.hour), mean: f.value.percent(busy.hour_cpu_mean, 1) });
        return `${t('reports.busy', { when: busy.date ? local(busy.date, { month: 'long', day: 'numeric', weekday: 'short' }) : '', mean })}${hour}`;
      }
      const hour = busy.hour === undefined ? '' : hourSpan(busy.hour);
      if (period === 'day') return t('reports.busy', { when: hour, mean });
      const day = busy.busiest_weekday ? t('reports.busy_weekday', { weekday: weekdayName(busy.busiest_weekday.weekday), mean: f.value.percent(busy.busiest_weekday.cpu_mean, 1) }) : '';
      return `${t('reports.busy', { when: `${busy.weekday ? weekdayName(busy.weekday) : ''} ${hour}`, mean })}${day}`;
    },
    /** A change with its sign: +3.2 points, −12 %. */
    change(before: number | null, after: number | null, unit: Unit): string {
      const change = changeOf(before, after, unit);
      if (!change) return f.value.number(null);
      const size = Math.abs(change.amount);
      // What rounds to nothing has no direction.
      const sign = size < (change.points ? 0.05 : 0.000_5) ? '±' : change.amount > 0 ? '+' : '−';
      return change.points ? t('reports.points', { amount: `${sign}${f.value.number(size, 1)}` }) : `${sign}${f.value.share(size, 1)}`;
    },
  };
}
