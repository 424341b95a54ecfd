import type { MessageKey, Translate } from '../../composables/useText.js';
import type { ColumnKey } from '../../state/table.js';

const TITLES = {
  name: 'field.name', like_index: 'field.like_index', cpu: 'field.cpu', cpu_median: 'field.cpu_median', memory: 'field.memory', gpus: 'field.gpus',
  gpu_free: 'field.gpu_free', gpu_utilization: 'field.gpu_utilization', gpu_idle: 'field.gpu_idle', idle_rate: 'field.idle_rate', gpu_type: 'field.gpu_type',
  hdd_rate: 'field.hdd_rate', network_down: 'field.network_down', network_up: 'field.network_up', user_num: 'field.user_num', load1: 'field.load1',
  uptime: 'field.uptime', address: 'field.address', location: 'field.location', last_ts: 'field.last_ts',
} as const satisfies Record<ColumnKey, MessageKey>;

export const columnTitle = (key: ColumnKey, t: Translate): string => t(TITLES[key]);
