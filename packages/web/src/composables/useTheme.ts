import { inject, readonly, shallowRef, watch, type InjectionKey, type Ref } from 'vue';
import { usePrinting } from './usePrinting.js';
import { readStored, writeStored } from './stored.js';

export type Theme = 'light' | 'dark';
/** `auto` follows the system. */
export type ThemeChoice = Theme | 'auto';
export const THEME_CHOICES: readonly ThemeChoice[] = ['auto', 'light', 'dark'];

export interface ThemeControl {
  choice: Readonly<Ref<ThemeChoice>>;
  theme: Readonly<Ref<Theme>>;
  choose(choice: ThemeChoice): void;
}

/** Provided by `main.ts`. */
export const THEME: InjectionKey<ThemeControl> = Symbol('theme');

export function useTheme(): ThemeControl {
  const control = inject(THEME);
  if (!control) throw new Error('no theme was provided to this application');
  return control;
}

/** One for the application. `public/preferences.js` applies the same rule before the first paint. */
export function createTheme(root: HTMLElement = document.documentElement): ThemeControl {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const stored = readStored('theme');
  const choice = shallowRef<ThemeChoice>(stored === 'light' || stored === 'dark' ? stored : 'auto');
  const theme = shallowRef<Theme>('light');
  const printing = usePrinting();
  const apply = (): void => {
    const chosen = choice.value === 'auto' ? (system.matches ? 'dark' : 'light') : choice.value;
    // Paper is white.
    theme.value = printing.value ? 'light' : chosen;
    root.dataset['theme'] = theme.value;
  };
  system.addEventListener('change', apply);
  watch(printing, apply, { flush: 'sync' });
  apply();
  return {
    choice: readonly(choice),
    theme: readonly(theme),
    choose(next) {
      choice.value = next;
      writeStored('theme', next);
      apply();
    },
  };
}
