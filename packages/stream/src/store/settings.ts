import { DEFAULT_IDLE, type IdleThresholds } from '@vacancy/shared';

/** How long each level is kept, in days; `null` is for ever. */
export interface Retention {
  readonly raw_days: number | null;
  readonly minute_days: number | null;
  readonly hour_days: number | null;
  readonly day_days: number | null;
}

export const DEFAULT_RETENTION: Retention = { raw_days: 7, minute_days: 90, hour_days: 730, day_days: null };

export interface ArchiveSettings {
  /** IANA name; days, weeks, months and years begin at its local midnights. */
  readonly timezone: string;
  readonly retention: Retention;
  /** Stored beside what they produce: the idle shares in the archives are by the thresholds in force at the time. */
  readonly idle: IdleThresholds;
}

export const machineTimezone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const defaultSettings = (settings: Partial<ArchiveSettings> = {}): ArchiveSettings => ({
  timezone: machineTimezone(),
  retention: DEFAULT_RETENTION,
  idle: DEFAULT_IDLE,
  ...settings,
});

/** @throws RangeError with a sentence for people: these values become part of SQL text. */
export function checkSettings(settings: ArchiveSettings): void {
  if (!/^[A-Za-z0-9_+/-]{1,64}$/.test(settings.timezone) || !isTimezone(settings.timezone)) {
    throw new RangeError(`"${settings.timezone}" is not a time zone. Use an IANA name such as Europe/Berlin.`);
  }
  for (const [name, days] of Object.entries(settings.retention)) {
    if (days !== null && !(Number.isInteger(days) && days >= 1 && days <= 36_500)) {
      throw new RangeError(`${name} must be a whole number of days from 1 to 36500, or absent for ever; it is ${String(days)}.`);
    }
  }
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
