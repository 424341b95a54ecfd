import { nextTick, watch } from 'vue';
import { createRouter, createWebHistory, type RouteRecordRaw, type Router } from 'vue-router';
import type { MessageKey } from './composables/useText.js';
import type { Texts } from './i18n/index.js';

declare module 'vue-router' {
  interface RouteMeta {
    /** The page's name, in the navigation and the window's title. */
    title: MessageKey;
    /** Listed in the header. */
    nav?: boolean;
    /** Shown without header and status strip. */
    bare?: boolean;
  }
}

/** A page is one line here: its chunk is loaded when it is opened, and with `nav` it appears in the header. */
export const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: () => import('./views/HomeView.vue'), meta: { title: 'nav.home', nav: true } },
  { path: '/gpus', name: 'gpus', component: () => import('./views/GpusView.vue'), meta: { title: 'nav.gpus', nav: true } },
  { path: '/trends', name: 'trends', component: () => import('./views/TrendsView.vue'), meta: { title: 'nav.trends', nav: true } },
  { path: '/find', name: 'find', component: () => import('./views/FindView.vue'), meta: { title: 'nav.find', nav: true } },
  { path: '/reports', name: 'reports', component: () => import('./views/ReportsView.vue'), meta: { title: 'nav.reports', nav: true } },
  { path: '/reports/:period/:start', name: 'report', component: () => import('./views/ReportView.vue'), props: true, meta: { title: 'nav.reports' } },
  { path: '/alerts', name: 'alerts', component: () => import('./views/AlertsView.vue'), meta: { title: 'alerts.title' } },
  { path: '/wall', name: 'wall', component: () => import('./views/WallView.vue'), meta: { title: 'nav.wall', bare: true } },
  { path: '/servers/:id', name: 'server', component: () => import('./views/ServerView.vue'), props: true, meta: { title: 'nav.server' } },
  { path: '/:rest(.*)*', name: 'not-found', component: () => import('./views/NotFoundView.vue'), meta: { title: 'not_found.title' } },
];

export function createPages(texts: Texts): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes,
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? {} : { top: 0 }),
  });
  // Pages that show one thing of many say which (`useTitle`).
  const title = (): void => {
    document.title = `${texts.global.t(router.currentRoute.value.meta.title ?? 'nav.home')} · ${texts.global.t('app.name')}`;
  };
  router.afterEach((to, from) => {
    if (to.path === from.path && from.matched.length > 0) return;
    title();
    // A screen reader starts a new page at its top, as it would after a full load.
    if (from.matched.length > 0) void nextTick(() => document.getElementById('content')?.focus({ preventScroll: true }));
  });
  watch(texts.global.locale, title);
  return router;
}
