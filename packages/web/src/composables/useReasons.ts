import { GIB, MIB } from '@vacancy/shared';
import { useText } from './useText.js';

/** A reason of the recommendation in the reader's language; one with an unknown code keeps the service's own words. */
export function useReasons() {
  const { tOr, f } = useText();
  const say = (name: string, value: string | number): string | number => {
    if (typeof value !== 'number') return value;
    if (/memory|bytes|free/.test(name) && value >= MIB) return f.value.bytes(value, value >= GIB ? 1 : 0);
    return Number.isInteger(value) ? value : f.value.number(value, 1);
  };
  return {
    reasonText(code: string, params: Record<string, string | number>, fallback: string): string {
      const said = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, say(name, value)]));
      return tOr(`reasons.${code}`, said, fallback);
    },
  };
}
