import type { Candidate } from '@vacancy/shared';
import { useText } from './useText.js';

type Reason = Candidate['reasons'][number];

/** A reason of the recommendation in the reader's language; one with an unknown code keeps the service's own words. */
export function useReasons() {
  const { t, tOr, f } = useText();
  const say = (name: string, value: string | number): string | number => {
    if (typeof value !== 'number') return value;
    if (/^(memory|best)/.test(name)) return f.value.bytes(value);
    if (name.endsWith('_median') || name === 'utilization') return f.value.percent(value);
    if (name === 'steadiness' || name === 'coverage') return f.value.share(value);
    return name === 'age_ms' ? f.value.duration(value / 1000) : value;
  };
  function reasonText({ code, params, text }: Reason): string {
    const said = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, say(name, value)]));
    return tOr(`reasons.${code}`, said, text);
  }
  return {
    /** One line a reason, but one line for all cards that nobody is on. */
    reasonTexts(reasons: readonly Reason[]): string[] {
      const unused = reasons.filter(({ code }) => code === 'unused');
      if (unused.length < 2) return reasons.map(reasonText);
      const cards = unused.map(({ params }) => Number(params['gpu'])).sort((a, b) => a - b).map(String);
      return reasons.flatMap((reason) => (reason === unused[0] ? t('reasons.unused_many', { gpus: f.value.list(cards) }) : reason.code === 'unused' ? [] : reasonText(reason)));
    },
  };
}
