import type { Rejected } from '@vacancy/shared';
import { ApiFailure } from '../../api/client.js';
import { useText } from '../../composables/useText.js';

/** Why a server was not recommended, and why a hold or a wish was refused, in the reader's language. */
export function useRefusals() {
  const { t, tOr, f } = useText();
  const say = (code: string, name: string, value: string | number): string | number => {
    if (typeof value !== 'number') return value;
    if (name === 'since' || name === 'until') return f.value.time(value);
    if (name === 'age_ms') return f.value.duration(value / 1000);
    if (name === 'cpu_median' || (code === 'cpu_busy' && name === 'wanted')) return f.value.percent(value);
    if (/^(memory|best)/.test(name) || (code === 'memory' && name === 'wanted')) return f.value.bytes(value);
    return f.value.number(value);
  };
  return {
    whyNot({ code, params, reason }: Rejected): string {
      const key = code === 'cpu_busy' && !('cpu_median' in params) ? 'cpu_unknown' : code === 'no_memory' && params['have'] === 0 ? 'no_memory_at_all' : code === 'offline' && !('since' in params) ? 'offline_unknown' : code;
      return tOr(`find.why.${key}`, Object.fromEntries(Object.entries(params).map(([name, value]) => [name, say(code, name, value)])), reason);
    },
    refusal(cause: unknown): string {
      if (!(cause instanceof ApiFailure)) return t('common.error');
      return cause.code === 'network' ? t('common.network') : tOr(`find.refused.${cause.code}`, {}, cause.message);
    },
  };
}
