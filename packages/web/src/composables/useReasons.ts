import { useText } from './useText.js';

/** A reason of the recommendation in the reader's language; one with an unknown code keeps the service's own words. */
export function useReasons() {
  const { tOr, f } = useText();
  const say = (name: string, value: string | number): string | number => {
    if (typeof value !== 'number') return value;
    if (/^(memory|best)/.test(name)) return f.value.bytes(value);
    if (name.endsWith('_median') || name === 'utilization') return f.value.percent(value);
    if (name === 'steadiness' || name === 'coverage') return f.value.share(value);
    return name === 'age_ms' ? f.value.duration(value / 1000) : value;
  };
  return {
    reasonText(code: string, params: Record<string, string | number>, fallback: string): string {
      const said = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, say(name, value)]));
      return tOr(`reasons.${code}`, said, fallback);
    },
  };
}
