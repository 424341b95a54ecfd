export { createAlerts, type Alerts } from './alerts.js';
export { createAlertDelivery } from './deliver.js';
export { alertRoutes } from './routes.js';
export { isAlertsState } from './watch.js';
