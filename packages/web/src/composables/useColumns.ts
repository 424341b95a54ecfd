import { shallowRef, type Ref } from 'vue';
import { COLUMN_KEYS, DEFAULT_COLUMNS, type ColumnKey } from '../state/table.js';
import { readStored, writeStored } from './stored.js';

export interface ColumnChoice {
  columns: Readonly<Ref<readonly ColumnKey[]>>;
  toggle(key: ColumnKey): void;
  reset(): void;
}

/** Which columns of the table are shown; remembered in this browser. */
export function useColumns(): ColumnChoice {
  const columns = shallowRef<readonly ColumnKey[]>(parseColumns(readStored('columns')));
  const set = (next: readonly ColumnKey[]): void => {
    columns.value = next;
    writeStored('columns', next.join(','));
  };
  return {
    columns,
    toggle: (key) => set(COLUMN_KEYS.filter((candidate) => (candidate === key) !== columns.value.includes(candidate))),
    reset: () => set(DEFAULT_COLUMNS),
  };
}

/** What an older version remembered may name columns that are gone; the name of the server always stays. */
export function parseColumns(stored: string | null): readonly ColumnKey[] {
  if (stored === null) return DEFAULT_COLUMNS;
  const wanted = new Set(stored.split(','));
  const known = COLUMN_KEYS.filter((key) => key === 'name' || wanted.has(key));
  return known.length > 1 ? known : DEFAULT_COLUMNS;
}
