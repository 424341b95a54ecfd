// The written list of what the rest of the service may use of the windows.
export { FleetWindows, type WindowsChanges } from './fleet.js';
export { slidingWindows, serverWindows, type SlidingOptions, type WindowsTick } from './sliding.js';
export {
  CARD_LABELS, DEFAULT_LATENESS_MS, DEFAULT_MAX_SAMPLES, OCCUPIED_IDLE_COVERAGE, RANKED_COVERAGE, emptyServerWindows,
  type CardLabels, type CardStats, type CardWindows, type FleetWindow, type NetworkRates, type Outcome, type RankedServer,
  type ServerWindows, type WindowsOptions, type WindowsSettings,
} from './stats.js';
