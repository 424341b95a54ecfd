export { DeliveriesError, readDeliveries, type Delivery } from './settings.js';
export type { MailServer } from './mail.js';
