export { createAlerts, type Alerts } from './alerts.js';
export { alertRoutes } from './routes.js';
export { isAlertsState } from './watch.js';
