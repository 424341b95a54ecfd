import { watchEffect } from 'vue';
import { useText } from './useText.js';

/** The window's title while the calling page is open: what it shows, since the name of its kind would not tell two tabs apart. */
export function useTitle(text: () => string | null | undefined): void {
  const { t } = useText();
  watchEffect(() => {
    const said = text();
    if (said) document.title = `${said} · ${t('app.name')}`;
  });
}
