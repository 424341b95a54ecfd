import type { Alert } from '@vacancy/shared';
import type { Lang } from '../deliver/lang.js';

type Said = Pick<Alert, 'kind' | 'data'>;
type Words = Record<Exclude<Alert['kind'], 'wish_granted'>, (data: NonNullable<Alert['data']>) => string>;

const seconds = (ms: unknown): number => Math.round(Math.abs(Number(ms)) / 1000);

const en: Words = {
  server_offline: ({ name }) => `${name} fell silent`,
  server_online: ({ name }) => `${name} is back`,
  gpu_missing: ({ name, cards }) => `${name}: card ${cards} is not reported any more`,
  disk_nearly_full: ({ name, hdd_rate }) => `${name}: ${hdd_rate} % of the disks are used`,
  clock_skewed: ({ name, clock_offset_ms: offset }) => `${name}: its clock is wrong${offset === undefined ? '' : ` by ${seconds(offset)} s`}`,
  spool_dropped: ({ name, dropped }) => `${name}: its agent gave up ${dropped} samples, since its spool was full`,
  lagging: ({ of, lag_ms }) => `The ${of} is ${seconds(lag_ms)} s behind the broker`,
};

const zh: Words = {
  server_offline: ({ name }) => `${name} 失联`,
  server_online: ({ name }) => `${name} 已恢复`,
  gpu_missing: ({ name, cards }) => `${name}：${cards} 号卡不再上报`,
  disk_nearly_full: ({ name, hdd_rate }) => `${name}：磁盘已用 ${hdd_rate}%`,
  clock_skewed: ({ name, clock_offset_ms: offset }) => `${name}：时钟不准${offset === undefined ? '' : `，相差 ${seconds(offset)} 秒`}`,
  spool_dropped: ({ name, dropped }) => `${name}：采集端缓存已满，丢弃了 ${dropped} 个样本`,
  lagging: ({ of, lag_ms }) => `${of === 'screen' ? '页面' : '数据库'}比消息队列滞后 ${seconds(lag_ms)} 秒`,
};

/** An alert as a sentence; pages write their own. A wish tells its maker in its own way. */
export function sentence({ kind, data = {} }: Said, lang: Lang): string {
  return kind === 'wish_granted' ? '' : { en, zh }[lang][kind](data);
}

export const TITLES: Record<Lang, (n: number) => string> = {
  en: (n) => (n === 1 ? 'Vacancy: an alert' : `Vacancy: ${n} alerts`),
  zh: (n) => `Vacancy 告警（${n} 条）`,
};
export const AND_MORE: Record<Lang, (n: number) => string> = { en: (n) => `and ${n} more`, zh: (n) => `另有 ${n} 条` };
