import { createApp } from 'vue';
import App from './App.vue';
import { createHttpApi } from './api/http.js';
import { createLiveClient } from './api/live.js';
import { CLIENT, type Client } from './composables/useClient.js';
import { createFleet, FLEET } from './composables/useFleet.js';
import { IDLE, idleOf } from './composables/useIdle.js';
import { createTheme, THEME } from './composables/useTheme.js';
import { createText, TEXT } from './composables/useText.js';
import { createTexts, preferredLocale, TEXTS } from './i18n/index.js';
import { createPages } from './router.js';
import './styles/tokens.css';
import './styles/base.css';

async function connect(): Promise<Client> {
  // Dropped from the production bundle: both conditions are constants there.
  if (import.meta.env.DEV || import.meta.env.MODE === 'replay') {
    const wish = new URLSearchParams(location.search).get('replay') ?? sessionStorage.getItem('vacancy.replay');
    if (wish !== null) {
      sessionStorage.setItem('vacancy.replay', wish);
      return (await import('./dev/replay.js')).createReplay(wish);
    }
  }
  return { api: createHttpApi(), live: createLiveClient() };
}

// After an upgrade of the service the pages of an open tab ask for parts that are gone: the page is loaded anew, once a minute at most.
addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem('vacancy.reloaded'));
  if (Date.now() - last < 60_000) return;
  sessionStorage.setItem('vacancy.reloaded', String(Date.now()));
  event.preventDefault();
  location.reload();
});

const [client, texts] = await Promise.all([connect(), createTexts(preferredLocale())]);
const fleet = createFleet(client.live);
const idle = idleOf(fleet);

createApp(App)
  .provide(CLIENT, client)
  .provide(FLEET, fleet)
  .provide(IDLE, idle)
  .provide(THEME, createTheme())
  .provide(TEXTS, texts)
  .provide(TEXT, createText(texts, idle))
  .use(texts)
  .use(createPages(texts))
  .mount('#app');
