import { defineAsyncComponent } from 'vue';

/** ECharts comes in a chunk of its own (about 190 KB gzip), after the figures of the page are on the screen. */
export const Chart = defineAsyncComponent(() => import('./Chart.vue'));
